/** Tells whether a flow matches an expression. Total: no flow, however odd, makes it throw. */

import type { Address, Flow } from '../report/types.ts';
import { networkHolds, parseAddress } from './address.ts';
import type { Node, Operand, Order, Range } from './ast.ts';
import type { Field } from './fields.ts';

/**
 * A field with several values (either end, or a list) matches where any of them does; `!=` where all of them differ.
 * null matches only `==null`; an empty list counts as null there, and differs from every value.
 */
export function holds(node: Node, flow: Flow): boolean {
  switch (node.op) {
    case 'or':
      return node.items.some((item) => holds(item, flow));
    case 'and':
      return node.items.every((item) => holds(item, flow));
    case 'not':
      return !holds(node.item, flow);
    case 'has':
      return known(node.field, flow).some((value) => isTruthy(node.field, value));
    case 'equal':
      return node.operator === '=='
        ? equalsAny(node.field, flow, node.operand)
        : differs(node.field, flow, node.operand);
    case 'order':
      return known(node.field, flow).some((value) => isOrdered(value, node.operator, node.bound));
    case 'contains':
      return known(node.field, flow).some((value) => textOf(value)?.includes(node.text) === true);
    case 'in':
      return node.choices.some((choice) =>
        choice.kind === 'range'
          ? known(node.field, flow).some((value) => isWithin(value, choice))
          : equalsAny(node.field, flow, choice),
      );
  }
}

/** The values of a field in a flow, null where it isn't known. */
function valuesOf(field: Field, flow: Flow): unknown[] {
  const found: unknown[] = [];
  for (const path of field.paths) collect(flow, path, 0, found);
  if (!field.longest) return found;
  const numbers = found.filter((value) => typeof value === 'number');
  return [numbers.length === 0 ? null : Math.max(...numbers)];
}

function known(field: Field, flow: Flow): unknown[] {
  return valuesOf(field, flow).filter((value) => value !== null);
}

function collect(value: unknown, path: readonly string[], index: number, found: unknown[]): void {
  if (Array.isArray(value)) {
    for (const item of value) collect(item, path, index, found);
  } else if (index === path.length) {
    found.push(value ?? null);
  } else if (isRecord(value) && has(value, path[index]!)) {
    collect(value[path[index]!], path, index + 1, found);
  } else {
    found.push(null);
  }
}

/** Whether it is the record's own: a plain object's, or a getter's of a record that is decoded where it is read. */
function has(value: Record<string, unknown>, name: string): boolean {
  return Object.hasOwn(value, name) || (name in value && !(name in Object.prototype));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** A state passed through in no time was still passed through; no retransmissions are no retransmissions. */
function isTruthy(field: Field, value: unknown): boolean {
  return field.type === 'seconds' ? typeof value === 'number' : Boolean(value);
}

function equalsAny(field: Field, flow: Flow, operand: Operand): boolean {
  const values = valuesOf(field, flow);
  if (operand.kind === 'null') return values.length === 0 || values.includes(null);
  return values.some((value) => equals(value, operand));
}

function differs(field: Field, flow: Flow, operand: Operand): boolean {
  if (operand.kind === 'null') return !equalsAny(field, flow, operand);
  const values = valuesOf(field, flow);
  const present = values.filter((value) => value !== null);
  if (present.length === 0) return values.length === 0;
  return !present.some((value) => equals(value, operand));
}

function equals(value: unknown, operand: Operand): boolean {
  switch (operand.kind) {
    case 'null':
      return value === null;
    case 'number':
    case 'boolean':
      return value === operand.value;
    case 'text':
      return textOf(value) === operand.value || (isSocket(value) && value.address === operand.value);
    case 'network':
      return isInNetwork(isSocket(value) ? value.address : value, operand);
    case 'socket':
      return isSocket(value) && value.port === operand.port && isInNetwork(value.address, operand);
  }
}

function isInNetwork(address: unknown, { network }: Extract<Operand, { kind: 'network' | 'socket' }>): boolean {
  const bytes = typeof address === 'string' ? parseAddress(address) : null;
  return bytes !== null && networkHolds(network, bytes);
}

function isOrdered(value: unknown, operator: Order, bound: number | string): boolean {
  if (!isComparable(value, bound)) return false;
  switch (operator) {
    case '<':
      return value < bound;
    case '<=':
      return value <= bound;
    case '>':
      return value > bound;
    case '>=':
      return value >= bound;
  }
}

function isWithin(value: unknown, { low, high }: Range): boolean {
  return isOrdered(value, '>=', low) && isOrdered(value, '<=', high);
}

function isComparable(value: unknown, bound: number | string): value is number | string {
  return typeof value === typeof bound;
}

/** Text as it stands, an end as `address:port`. */
function textOf(value: unknown): string | null {
  if (typeof value === 'string') return value;
  if (!isSocket(value)) return null;
  return value.address.includes(':') ? `[${value.address}]:${value.port}` : `${value.address}:${value.port}`;
}

function isSocket(value: unknown): value is Address {
  if (typeof value !== 'object' || value === null || !('address' in value) || !('port' in value)) return false;
  return typeof value.address === 'string' && typeof value.port === 'number';
}
