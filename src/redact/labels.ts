/** Labels in place of addresses: server-1, client-7, host-2. */

import { createHmac } from 'node:crypto';

/** What an address was doing when it was first seen; host: nothing tells. */
export type Role = 'server' | 'client' | 'host';

/** Addresses that are numbered, some 40 MB. What comes after them gets a number made of the address and the key. */
const MOST = 1 << 18;

/** One label an address, decided when it is first seen and numbered in that order for each role. */
export class Labels {
  private readonly key: Uint8Array;
  private readonly most: number;
  private readonly known = new Map<string, string>();
  private readonly counts = { server: 0, client: 0, host: 0 };

  constructor(key: Uint8Array, most = MOST) {
    this.key = key;
    this.most = most;
  }

  has(address: string): boolean {
    return this.known.has(address);
  }

  /** @param address always spelled alike */
  of(address: string, role: Role): string {
    const known = this.known.get(address);
    if (known !== undefined) return known;
    if (this.known.size === this.most) return `host-${numberOf(this.key, address)}`;
    const label = `${role}-${++this.counts[role]}`;
    this.known.set(address, label);
    return label;
  }
}

/** 64 bits of which the first is set: no number of a counter, and the same each time, with nothing remembered. */
function numberOf(key: Uint8Array, address: string): bigint {
  return createHmac('sha256', key).update(address).digest().readBigUInt64BE() | (1n << 63n);
}

/**
 * Addresses for packets, from ranges that no host has: of server-N 198.18.0.0/17, of host-N the other half of
 * 198.18.0.0/16, of client-N 198.19.0.0/16 (RFC 2544's benchmarks), with N in the last bytes; what does not fit there is in 240.0.0.0/4
 * (reserved, RFC 1112 section 4). IPv6: 2001:db8:1::N, 2001:db8:2::N, 2001:db8:3::N (documentation, RFC 3849).
 * @param label as Labels has it @param size 4 or 16 bytes
 */
export function labelBytes(label: string, size: number): Uint8Array {
  const [word = '', digits = ''] = label.split('-');
  const role = ROLES.indexOf(word);
  const number = BigInt(digits);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  if (size === 16) {
    view.setUint32(0, 0x20010db8);
    view.setUint16(4, role + 1);
    view.setBigUint64(8, number);
    return bytes;
  }
  const index = Number(BigInt.asUintN(26, number));
  const [base, room] = PLACES[role]!;
  const isSmall = number < room;
  // Of numbers made by a hash 26 bits are left, in a quarter of their own.
  const quarter = number >= 1n << 63n ? 3 : role;
  view.setUint32(0, isSmall ? base + index : 0xf0000000 + quarter * 2 ** 26 + index);
  return bytes;
}

/** By the label's word; by the word's index the first IPv4 address, and how many there are. */
const ROLES: readonly string[] = ['server', 'client', 'host'];
const PLACES: readonly (readonly [base: number, room: number])[] = [
  [0xc6120000, 1 << 15],
  [0xc6130000, 1 << 16],
  [0xc6128000, 1 << 15],
];
