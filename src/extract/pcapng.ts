/** Writes pcapng (draft-ietf-opsawg-pcapng), little-endian: the blocks that a small capture needs. */

import { NS_PER_SECOND } from '../units.ts';

const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE_DESCRIPTION = 1;
const ENHANCED_PACKET = 6;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;

// Option codes.
const COMMENT = 1;
const SHB_USERAPPL = 4;
const IF_NAME = 2;
const IF_DESCRIPTION = 3;
const IF_TSRESOL = 9;
const IF_TSOFFSET = 14;

/** Of an option, whose length has 16 bits; more would be cut within what a reader shows anyway. */
const MOST_TEXT_BYTES = 32_768;
/** Seconds whose nanoseconds 64 bits have room for, and as many more: from 1970 until 2242. */
const ERA_SECONDS = 2 ** 33;

const encoder = new TextEncoder();

export interface SectionFields {
  /** the program that writes it */
  application: string;
  comment: string;
}

/** The block with which a file begins. */
export function sectionHeader({ application, comment }: SectionFields): Uint8Array {
  const body = words([BYTE_ORDER_MAGIC, 1, 0xffff_ffff, 0xffff_ffff]); // version 1.0; its length is not told
  return block(SECTION_HEADER, [body, text(COMMENT, comment), text(SHB_USERAPPL, application), END_OF_OPTIONS]);
}

export interface InterfaceFields {
  /** LINKTYPE_ number */
  linkType: number;
  /** most bytes that are captured of a packet */
  snaplen: number;
  /** null where it isn't known */
  name: string | null;
  description: string;
  /** of its packets: eraOf their seconds */
  era: number;
}

/**
 * The seconds since 1970 at which the times of a packet's interface have to begin, so that 64 bits hold its nanoseconds: 0 for
 * all but absurd times. A capture that gives its resolution wrongly has such, and they keep their order.
 */
export function eraOf(seconds: number): number {
  return Math.floor(seconds / ERA_SECONDS) * ERA_SECONDS;
}

/** An interface, whose packets have nanoseconds. They are numbered from 0 in the order in which they are written. */
export function interfaceDescription({ linkType, snaplen, name, description, era }: InterfaceFields): Uint8Array {
  return block(INTERFACE_DESCRIPTION, [
    words([linkType, snaplen]),
    name === null ? NOTHING : text(IF_NAME, name),
    text(IF_DESCRIPTION, description),
    option(IF_TSRESOL, Uint8Array.of(9)),
    era === 0 ? NOTHING : option(IF_TSOFFSET, int64(era)),
    END_OF_OPTIONS,
  ]);
}

export interface PacketFields {
  /** number of its interface */
  interfaceId: number;
  /** since 1970, within ±2^53; its interface is of their era */
  seconds: number;
  nanoseconds: number;
  /** as captured */
  data: Uint8Array;
  /** bytes on the wire */
  wireLength: number;
  comment: string;
}

export function enhancedPacket(packet: PacketFields): Uint8Array {
  const { interfaceId, seconds, nanoseconds, data, wireLength, comment } = packet;
  const ticks = BigInt(seconds - eraOf(seconds)) * BigInt(NS_PER_SECOND) + BigInt(nanoseconds);
  const head = words([
    interfaceId,
    Number(ticks >> 32n),
    Number(ticks & 0xffff_ffffn),
    data.length,
    Math.max(wireLength, data.length),
  ]);
  return block(ENHANCED_PACKET, [head, padded(data), text(COMMENT, comment), END_OF_OPTIONS]);
}

const NOTHING = new Uint8Array(0);
const END_OF_OPTIONS = new Uint8Array(4);

/** Type and total length, the parts, the length again. */
function block(type: number, parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 12);
  const bytes = new Uint8Array(length);
  bytes.set(words([type, length]));
  let at = 8;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  bytes.set(words([length]), at);
  return bytes;
}

function words(values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  for (const [i, value] of values.entries()) view.setUint32(4 * i, value, true);
  return bytes;
}

function int64(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigInt64(0, BigInt(value), true);
  return bytes;
}

function option(code: number, value: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + value.length + (-value.length & 3));
  bytes.set(words([code | (value.length << 16)]));
  bytes.set(value, 4);
  return bytes;
}

/** UTF-8, cut between two characters where it is too long. */
function text(code: number, value: string): Uint8Array {
  const bytes = new Uint8Array(Math.min(MOST_TEXT_BYTES, 3 * value.length));
  return option(code, bytes.subarray(0, encoder.encodeInto(value, bytes).written));
}

/** Filled up to four bytes. */
function padded(data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(data.length + (-data.length & 3));
  bytes.set(data);
  return bytes;
}
