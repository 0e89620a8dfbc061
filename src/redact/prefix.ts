/**
 * Prefix-preserving addresses, as Crypto-PAn makes them (Xu, Fan, Ammar, Moon: "Prefix-preserving IP address anonymization",
 * 2002): each bit is flipped or not by AES over the bits before it, so two addresses that share k bits share exactly k afterwards.
 * Crypto-PAn fills the block up with the same bits always, so that where an address has these too its next bits depend on each
 * other: 1 address in 20,000 is then not changed at all. Here a one and zeros follow, and every prefix has a block of its own.
 */

import { type Cipher, createCipheriv } from 'node:crypto';
import { type Network, parseNetwork } from '../where/address.ts';

/** What an address in one of these is, a reader has to see: there no bit of the network's is flipped. */
const KEPT = [
  '127.0.0.0/8', // loopback
  '10.0.0.0/8', // private, RFC 1918
  '172.16.0.0/12',
  '192.168.0.0/16',
  '169.254.0.0/16', // link-local
  '224.0.0.0/3', // multicast and reserved
  '::1/128', // loopback
  '::ffff:0:0/96', // IPv4-mapped
  '2000::/3', // global unicast
  'fc00::/7', // unique local, RFC 4193
  'fe80::/10', // link-local
  'ff00::/8', // multicast
];

const BLOCK = 16;

export class PrefixMap {
  private readonly ipv4: Cipher;
  private readonly ipv6: Cipher;
  private readonly kept: readonly Network[];

  /** @param key 32 bytes: two keys of AES-128 @param kept networks in CIDR notation, whose bits stay */
  constructor(key: Uint8Array, kept: readonly string[] = KEPT) {
    this.ipv4 = createCipheriv('aes-128-ecb', key.subarray(0, BLOCK), null);
    this.ipv6 = createCipheriv('aes-128-ecb', key.subarray(BLOCK), null);
    for (const cipher of [this.ipv4, this.ipv6]) cipher.setAutoPadding(false);
    this.kept = kept.map((text) => parseNetwork(text)!);
  }

  /**
   * A permutation of the 4-byte addresses, another of the 16-byte ones. Networks kept stay in their place, so the bits that an
   * address shares with one, and the bit in which it differs, stay too: else it would share more or fewer with it.
   */
  map(address: Uint8Array): Uint8Array {
    const bits = address.length * 8;
    const blocks = new Uint8Array(bits * BLOCK);
    for (let i = 0; i < bits; i++) {
      const [at, byte, bit] = [i * BLOCK, i >> 3, i & 7];
      blocks.set(address.subarray(0, byte), at);
      blocks[at + byte] = (address[byte]! & ~(0xff >> bit)) | (0x80 >> bit);
    }
    const random = (bits === 32 ? this.ipv4 : this.ipv6).update(blocks);
    const result = Uint8Array.from(address);
    for (let i = this.stays(address); i < bits; i++) result[i >> 3]! ^= (random[i * BLOCK]! & 0x80) >> (i & 7);
    return result;
  }

  /** How many of its first bits are never flipped. */
  private stays(address: Uint8Array): number {
    let most = 0;
    for (const { bytes, prefix } of this.kept) {
      if (bytes.length === address.length) most = Math.max(most, Math.min(prefix, shared(bytes, address) + 1));
    }
    return most;
  }
}

/** Bits that two addresses of the same length have in common from their beginning on. */
function shared(a: readonly number[], b: Uint8Array): number {
  const byte = a.findIndex((each, i) => each !== b[i]);
  return byte < 0 ? a.length * 8 : byte * 8 + Math.clz32(a[byte]! ^ b[byte]!) - 24;
}
