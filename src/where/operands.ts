/** Reads the value beside an operator in the type of its field. */

import { parseNetwork } from './address.ts';
import type { Operand } from './ast.ts';
import { quote } from './error.ts';
import type { Field, FieldType } from './fields.ts';
import { nearest } from './nearest.ts';
import { readDuration, readNumber, readTime } from './quantities.ts';
import type { Token } from './tokens.ts';

/** What a field of each type can be compared with, for errors. */
const TAKES: Readonly<Record<Exclude<FieldType, 'enum' | 'object'>, string>> = {
  count: 'a whole number',
  port: 'a whole number from 0 to 65535',
  number: 'a number',
  seconds: 'a duration such as 5s, 200ms, 30us or 2m',
  time: 'a time such as 2026-03-01T10:00:00Z or epoch seconds',
  text: 'text',
  boolean: 'true or false',
  address: 'an IPv4 or IPv6 address, or a network such as 10.0.0.0/8',
  socket: 'address:port, [IPv6]:port, an address or a network',
};

/** The labels that --redact writes in place of addresses: server-1, client-7. */
const LABEL = /^[a-z]+-\d+$/;

/**
 * The operand that a token spells for a field.
 * @returns a message where it spells none
 */
export function readOperand(field: Field, token: Token): Operand | string {
  if (token.kind === 'word' && token.text === 'null') return { kind: 'null' };
  if (field.type === 'object')
    return `${field.name} has no value of its own: compare it with null, or one of its fields`;
  if (field.type === 'enum') return readEnum(field, token.text);
  return readTyped(field.type, token.text) ?? `${field.name} takes ${TAKES[field.type]}, not ${quote(token.text)}`;
}

function readEnum(field: Field, text: string): Operand | string {
  const value = field.values.find((candidate) => candidate.toLowerCase() === text.toLowerCase());
  if (value !== undefined) return { kind: 'text', value };
  const like = nearest(text, field.values);
  const hint = like === null ? `it is one of ${field.values.join(', ')}` : `did you mean ${like}?`;
  return `${field.name} is never ${quote(text)}: ${hint}`;
}

function readTyped(type: Exclude<FieldType, 'enum' | 'object'>, text: string): Operand | null {
  switch (type) {
    case 'text':
      return { kind: 'text', value: text };
    case 'boolean':
      return text === 'true' || text === 'false' ? { kind: 'boolean', value: text === 'true' } : null;
    case 'time': {
      const value = readTime(text);
      return value === null ? null : { kind: 'text', value };
    }
    case 'address':
      return readAddress(text);
    case 'socket':
      return readSocket(text) ?? readAddress(text);
    case 'seconds':
      return number(readDuration(text));
    case 'number':
      return number(readNumber(text));
    case 'count':
    case 'port': {
      const value = readNumber(text);
      if (value === null || !Number.isInteger(value)) return null;
      return type === 'port' && (value < 0 || value > 65535) ? null : number(value);
    }
  }
}

function number(value: number | null): Operand | null {
  return value === null ? null : { kind: 'number', value };
}

function readAddress(text: string): Operand | null {
  const network = parseNetwork(text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text);
  if (network !== null) return { kind: 'network', network };
  return LABEL.test(text) ? { kind: 'text', value: text } : null;
}

/** `10.0.0.1:80`, `[::1]:80`, `server-1:80`; without brackets the colons of an IPv6 address are all its own. */
function readSocket(text: string): Operand | null {
  const match = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/.exec(text);
  if (match === null || Number(match[3]) > 65535) return null;
  const host = match[1] ?? match[2]!;
  if (LABEL.test(host)) return { kind: 'text', value: text };
  const network = parseNetwork(host);
  return network === null ? null : { kind: 'socket', network, port: Number(match[3]) };
}
