/** Finds the addresses in a text, whoever wrote it there. */

import { parseAddress } from '../where/address.ts';

export interface FoundAddress {
  start: number;
  /** behind its last character */
  end: number;
  bytes: Uint8Array;
}

/** Without these a text holds no address. */
const MAY_HOLD = /\d\.\d+\.\d|:[0-9a-f]*:/i;
const IPV4 = /(?:\d{1,3}\.){3}\d{1,3}(?!\d)/y;
const IPV6 = /[0-9a-f:.]{2,45}/iy;
const ALNUM = /[0-9a-z]/i;

/**
 * IPv4 and IPv6 addresses in any spelling, from left to right, the longest where several begin: also before a port, in brackets,
 * at the end of a sentence. 10.0.0.1 is not in 110.0.0.1, nor in 10.0.0.11.
 */
export function findAddresses(text: string): FoundAddress[] {
  const found: FoundAddress[] = [];
  if (!MAY_HOLD.test(text)) return found;
  for (let at = 0; at < text.length; at++) {
    const address = ipv6At(text, at) ?? ipv4At(text, at);
    if (address === null) continue;
    found.push(address);
    at = address.end - 1;
  }
  return found;
}

function ipv4At(text: string, start: number): FoundAddress | null {
  if (isDigit(text[start - 1])) return null;
  IPV4.lastIndex = start;
  const [address] = IPV4.exec(text) ?? [];
  return address === undefined ? null : foundAt(address, start);
}

function ipv6At(text: string, start: number): FoundAddress | null {
  if (ALNUM.test(text[start - 1] ?? '')) return null;
  IPV6.lastIndex = start;
  const [run = ''] = IPV6.exec(text) ?? [];
  if (!run.includes(':')) return null;
  for (let length = run.length; length > 1; length--) {
    const next = text[start + length] ?? '';
    if (ALNUM.test(next) || (next === ':' && run[length - 1] === ':')) continue;
    const address = run.slice(0, length);
    const found = address.includes(':') ? foundAt(address, start) : null;
    if (found !== null) return found;
  }
  return null;
}

function foundAt(address: string, start: number): FoundAddress | null {
  const bytes = parseAddress(address);
  return bytes === null ? null : { start, end: start + address.length, bytes: Uint8Array.from(bytes) };
}

function isDigit(char: string | undefined): boolean {
  return char !== undefined && char >= '0' && char <= '9';
}

/** Words before the number of a section, which looks like an IPv4 address: "RFC 9293 section 3.10.7.4". */
const SECTION = /(?:\bsections?|§|\bRFC \d+,?)\s*(?:[\d.]+(?:,| and| or| to|-)\s*)*$/i;

/** Whether what stands at `start` seems to be the number of a section. */
export function isSection(text: string, start: number): boolean {
  return SECTION.test(text.slice(Math.max(0, start - 48), start));
}

/** Whether an address is every machine's own: loopback, or none at all. */
export function isEverywhere(bytes: Uint8Array): boolean {
  if (bytes.length === 4) return bytes[0] === 127 || bytes.every((byte) => byte === 0);
  return bytes.subarray(0, 15).every((byte) => byte === 0) && bytes[15]! <= 1;
}
