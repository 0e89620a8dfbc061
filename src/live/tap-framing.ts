/** How long the records of a capture are, and what they are, by their first bytes: pcap and pcapng, in either byte order. */

import { u32be, u32le } from '../input/bytes.ts';
import { captureLimit } from '../input/pcap.ts';
import { isOtherFrame, SECTION_HEADER } from '../input/pcapng.ts';
import { MAX_WINDOW_BYTES } from '../input/window.ts';

/** A block without a frame number: statistics, names. */
export const NO_FRAME = 0;
export const PACKET = 1;
/** No packet, but it has a frame number. */
export const OTHER_FRAME = 2;
/** What records need before them: a file header, a section header, the description of an interface. */
export const HEAD = 3;
export type Kind = typeof NO_FRAME | typeof PACKET | typeof OTHER_FRAME | typeof HEAD;

/** A length that takes more bytes to know. */
export const NOT_KNOWN = 0;

const PCAP_MAGICS = [0xa1b2c3d4, 0xa1b23c4d];
const FILE_HEADER = 24;
const SNAPLEN_AT = 16;
const RECORD_HEADER = 16;
const CAPTURED_AT = 8;

const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const BYTE_ORDER_AT = 8;
const INTERFACE_DESCRIPTION = 1;
/** obsolete, simple and enhanced packet block */
const PACKET_BLOCKS = [2, 3, 6];
const MIN_BLOCK = 12;
const MIN_SECTION = 28;
const TRAILER = 4;

export class Framing {
  /** why the bytes are no records any more */
  damage: string | null = null;
  #format: 'pcap' | 'pcapng' | null = null;
  #bigEndian = false;
  /** most captured bytes of a pcap record that are taken for true, as the reader has it */
  #captureLimit = 0;

  /** Bytes by which the length of what comes next is known. */
  get headerBytes(): number {
    return this.#format === 'pcap' ? RECORD_HEADER : MIN_BLOCK;
  }

  /** Bytes of the header, record or block there; NOT_KNOWN where too few are there, and for damage. */
  lengthAt(data: Uint8Array, at: number, end: number): number {
    if (end - at < this.headerBytes || this.damage !== null) return NOT_KNOWN;
    if (this.#format === 'pcap') {
      const captured = (this.#bigEndian ? u32be : u32le)(data, at + CAPTURED_AT);
      if (captured <= this.#captureLimit) return RECORD_HEADER + captured;
      return this.#fail(`a record claims ${captured} captured bytes`);
    }
    if (u32be(data, at) === SECTION_HEADER) return this.#blockLength(data, at, MIN_SECTION);
    if (this.#format === 'pcapng') return this.#blockLength(data, at, MIN_BLOCK);
    if (PCAP_MAGICS.includes(u32be(data, at)) || PCAP_MAGICS.includes(u32le(data, at))) return FILE_HEADER;
    return this.#fail('the bytes begin as neither pcap nor pcapng does');
  }

  /** Goes on behind what lies there in its whole length. @returns what it is; null: damage */
  pass(data: Uint8Array, at: number, length: number): Kind | null {
    if (this.#format === 'pcap') return PACKET;
    if (this.#format === null && u32be(data, at) !== SECTION_HEADER) {
      this.#format = 'pcap';
      this.#bigEndian = PCAP_MAGICS.includes(u32be(data, at));
      this.#captureLimit = captureLimit((this.#bigEndian ? u32be : u32le)(data, at + SNAPLEN_AT), MAX_WINDOW_BYTES);
      return HEAD;
    }
    const isSection = u32be(data, at) === SECTION_HEADER;
    if (isSection) {
      this.#format = 'pcapng';
      this.#bigEndian = u32be(data, at + BYTE_ORDER_AT) === BYTE_ORDER_MAGIC;
    }
    const u32 = this.#bigEndian ? u32be : u32le;
    if (padded(u32(data, at + length - TRAILER)) !== length) {
      this.#fail("a block's two lengths differ");
      return null;
    }
    const type = u32(data, at);
    if (isSection || type === INTERFACE_DESCRIPTION) return HEAD;
    if (PACKET_BLOCKS.includes(type)) return PACKET;
    return isOtherFrame(type) ? OTHER_FRAME : NO_FRAME;
  }

  /** Whether what lies there is the first of all that records need before them: a file header, or another section's. */
  beginsAnew(data: Uint8Array, at: number): boolean {
    return this.#format === 'pcap' || u32be(data, at) === SECTION_HEADER;
  }

  #blockLength(data: Uint8Array, at: number, least: number): number {
    let bigEndian = this.#bigEndian;
    if (least === MIN_SECTION) {
      bigEndian = u32be(data, at + BYTE_ORDER_AT) === BYTE_ORDER_MAGIC;
      if (!bigEndian && u32le(data, at + BYTE_ORDER_AT) !== BYTE_ORDER_MAGIC) {
        return this.#fail('a section header without the byte-order magic');
      }
    }
    const length = padded((bigEndian ? u32be : u32le)(data, at + 4));
    return length >= least && length <= MAX_WINDOW_BYTES ? length : this.#fail(`a block claims ${length} bytes`);
  }

  #fail(what: string): typeof NOT_KNOWN {
    this.damage = what;
    return NOT_KNOWN;
  }
}

/** Blocks are padded to four bytes; as the reader does it, also where the length leaves the padding out. */
function padded(length: number): number {
  return length + (-length & 3);
}
