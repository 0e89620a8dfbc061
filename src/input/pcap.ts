/** pcap, the classic format of tcpdump -w (draft-ietf-opsawg-pcap; libpcap's sf-pcap.c for the variants). */
import { NS_PER_SECOND } from '../units.ts';
import { u16be, u16le, u32be, u32le } from './bytes.ts';
import { AIX, fileHeaderOf, isPcapMagic, PCAP_MICRO, variantOf } from './pcap-variants.ts';
import {
  type CaptureReader,
  END,
  MAX_PACKET_BYTES,
  NEED_DATA,
  type PcapLayout,
  RECORD,
  type ReadDamage,
  type ReadResult,
} from './reader.ts';
import type { CaptureRecord } from './types.ts';
import type { ByteWindow } from './window.ts';

// The file header: magic, major and minor version, two fields nobody fills, snaplen, link type.
const MAJOR_AT = 4;
const MINOR_AT = 6;
const SNAPLEN_AT = 16;
const LINK_TYPE_AT = 20;
// The record header: seconds, fraction, captured length, length on the wire; in some variants more.
const RECORD_HEADER = 16;
const LONGEST_RECORD_HEADER = 28;

/** A record of zeros may be one. So many bytes of zeros are what a file system leaves of a file after a crash. */
const MOST_ZEROS = 4096;

/** The upper half of the link-type field holds the length of the FCS and a class. */
const LINK_TYPE_MASK = 0xffff;

type LengthOrder = 'captured-first' | 'wire-first' | 'smaller-is-captured';

/** AIX's version 2.2 has interface types (RFC 1573) in place of link types: LINKTYPE_ by these, where the two differ. */
const AIX_LINK_TYPES = new Map([
  [6, 1], // Ethernet
  [15, 10], // FDDI
  [24, 0], // loopback
]);
const FDDI = 10;
/** What AIX puts before an FDDI frame, bytes. */
const AIX_FDDI_PADDING = 3;

/** Before version 2.3 the two lengths stood the other way round, with 2.3 and DG/UX's 543.0 one can't know. */
function lengthOrder(major: number, minor: number): LengthOrder {
  if (major === 543 || minor === 3) return 'smaller-is-captured';
  return minor < 3 ? 'wire-first' : 'captured-first';
}

function lengthsIn(order: LengthOrder, first: number, second: number): [captured: number, wire: number] {
  const swaps = order === 'wire-first' || (order === 'smaller-is-captured' && first > second);
  return swaps ? [second, first] : [first, second];
}

/** Whether a pcap file of version 2.4 begins there; of a record it would be one without a byte, of the year 2055. */
function isFileHeader(data: Uint8Array, at: number): boolean {
  const isBig = isPcapMagic(u32be(data, at));
  if (!isBig && !isPcapMagic(u32le(data, at))) return false;
  const u16 = isBig ? u16be : u16le;
  return u16(data, at + MAJOR_AT) === 2 && u16(data, at + MINOR_AT) === 4;
}

export class PcapReader implements CaptureReader {
  format = 'pcap';
  readonly linkTypes: Set<number> = new Set();
  damage: ReadDamage | null = null;
  unsupported: string | null = null;
  readonly dropped = null;
  readonly otherFrames = 0;
  readonly #window: ByteWindow;
  /** bytes of a record header; 0 until the file header is read */
  #recordHeader = 0;
  #bigEndian = false;
  #fractionNs = 1000;
  #linkType = 0;
  #captureLimit = MAX_PACKET_BYTES;
  #lengthOrder: LengthOrder = 'captured-first';
  /** little-endian, with the usual record header: what `next` reads itself */
  #ordinary = false;
  /** bytes of a record that stand before the packet and count as captured */
  #padding = 0;
  /** how its records lie, where they are as most are; another one where another file's header stands among them */
  layout: PcapLayout | null = null;
  /** fractions in a second */
  #fractions = 1_000_000;
  /** the window's buffer, which changes when it grows, and a view of it */
  #data: Uint8Array;
  #view: DataView;

  /** @param window its first byte is the first one of the file */
  constructor(window: ByteWindow) {
    this.#window = window;
    this.#data = window.data;
    this.#view = viewOf(window.data);
  }

  begin(): ReadResult {
    const window = this.#window;
    if (this.#recordHeader !== 0) return RECORD;
    if (this.unsupported !== null) return END;
    const { data, pos, end } = window;
    const have = end - pos;
    this.#bigEndian = isPcapMagic(u32be(data, pos));
    const u16 = this.#bigEndian ? u16be : u16le;
    const u32 = this.#bigEndian ? u32be : u32le;
    const magic = u32(data, pos);
    const header = fileHeaderOf(magic);
    if (have < header) return this.#short('the file header', have, header);
    const major = u16(data, pos + MAJOR_AT);
    const minor = u16(data, pos + MINOR_AT);
    if (major !== 2 && major !== 543) {
      this.unsupported = `pcap version ${major}.${minor} is not known, only 2.x is`;
      return END;
    }
    const order = lengthOrder(major, minor);
    const snaplen = u32(data, pos + SNAPLEN_AT);
    const told = u32(data, pos + LINK_TYPE_AT) & LINK_TYPE_MASK;
    const ofAix = magic === PCAP_MICRO && major === 2 && minor === 2 ? AIX_LINK_TYPES.get(told) : undefined;
    const lengths = (first: number, second: number) => lengthsIn(order, first, second);
    const beginning = { magic, bigEndian: this.#bigEndian, snaplen, lengths };
    const variant = ofAix === undefined ? variantOf(window, pos + header, beginning) : AIX;
    if (variant === null) return NEED_DATA;
    this.format = variant.format;
    this.#fractionNs = variant.fractionNs;
    this.#lengthOrder = order;
    this.#captureLimit = captureLimit(snaplen, window.most);
    this.#linkType = ofAix ?? told;
    this.#padding = ofAix === FDDI ? AIX_FDDI_PADDING : 0;
    this.linkTypes.add(this.#linkType);
    this.#recordHeader = variant.recordHeader;
    this.#fractions = NS_PER_SECOND / this.#fractionNs;
    this.#ordinary = !this.#bigEndian && order === 'captured-first' && this.#recordHeader === RECORD_HEADER;
    window.pos += header;
    this.layout = this.#ordinary
      ? {
          linkType: this.#linkType,
          fractionNs: this.#fractionNs,
          fractions: this.#fractions,
          captureLimit: this.#captureLimit,
        }
      : null;
    return RECORD;
  }

  next(record: CaptureRecord): ReadResult {
    const window = this.#window;
    const data = window.data;
    if (data !== this.#data) {
      this.#data = data;
      this.#view = viewOf(data);
    }
    const at = window.pos;
    const start = at + RECORD_HEADER;
    if (!this.#ordinary || start > window.end) return this.#nextOfAnyKind(record);
    const view = this.#view;
    // As int32: 2^31 and more are negative, and no ordinary record's.
    const fraction = view.getInt32(at + 4, true);
    const captured = view.getInt32(at + 8, true);
    if (fraction < 0 || fraction >= this.#fractions) return this.#nextOfAnyKind(record);
    if (captured <= 0 || captured > this.#captureLimit) return this.#nextOfAnyKind(record);
    const end = start + captured;
    if (end > window.end) return this.#nextOfAnyKind(record);
    record.data = data;
    record.address = window.address;
    record.start = start;
    record.end = end;
    record.seconds = view.getUint32(at, true);
    record.nanoseconds = Math.imul(fraction, this.#fractionNs);
    record.wireLength = view.getUint32(at + 12, true);
    record.linkType = this.#linkType;
    record.interfaceId = 0;
    record.hasTime = true;
    record.bigEndian = false;
    window.pos = end;
    return RECORD;
  }

  /** The next record of any byte order, version and header, and what to do where there is none. */
  #nextOfAnyKind(record: CaptureRecord): ReadResult {
    const header = this.#recordHeader;
    if (header === 0) {
      const begun = this.begin();
      return begun === RECORD ? this.next(record) : begun;
    }
    const window = this.#window;
    const data = window.data;
    const at = window.pos;
    const have = window.end - at;
    if (have < header) return this.#short('a record', have, header);
    let seconds: number;
    let fraction: number;
    let captured: number;
    let wire: number;
    if (this.#bigEndian) {
      seconds = u32be(data, at);
      fraction = u32be(data, at + 4);
      captured = u32be(data, at + 8);
      wire = u32be(data, at + 12);
    } else {
      seconds = u32le(data, at);
      fraction = u32le(data, at + 4);
      captured = u32le(data, at + 8);
      wire = u32le(data, at + 12);
    }
    if (this.#lengthOrder !== 'captured-first') [captured, wire] = lengthsIn(this.#lengthOrder, captured, wire);
    if ((captured | wire) === 0 && isFileHeader(data, at)) {
      // Files that were put together as by `cat`, or zcat of rotated ones.
      this.#recordHeader = 0;
      this.#ordinary = false;
      return this.next(record);
    }
    if (captured > this.#captureLimit) return this.#tooLong(captured);
    if ((captured | wire | fraction | seconds) === 0) {
      const zeros = this.#countZeros();
      if (zeros >= MOST_ZEROS || (window.eof && at + zeros === window.end)) {
        this.#stop('zeros where records should be: the file was not written to its end');
        return END;
      }
      if (at + zeros === window.end) return NEED_DATA;
    }
    if (have < header + captured) return this.#short('a record', have, header + captured);

    let nanoseconds = fraction * this.#fractionNs;
    if (nanoseconds >= NS_PER_SECOND) {
      seconds += Math.floor(nanoseconds / NS_PER_SECOND);
      nanoseconds %= NS_PER_SECOND;
    }
    record.data = data;
    record.address = window.address;
    const padding = Math.min(this.#padding, captured);
    record.start = at + header + padding;
    record.end = at + header + captured;
    record.seconds = seconds;
    record.nanoseconds = nanoseconds;
    record.wireLength = Math.max(0, wire - padding);
    record.linkType = this.#linkType;
    record.interfaceId = 0;
    record.hasTime = true;
    record.bigEndian = this.#bigEndian;
    window.pos = at + header + captured;
    return RECORD;
  }

  /** Zero bytes that come next, as far as they matter. */
  #countZeros(): number {
    const { data, pos, end } = this.#window;
    const most = Math.min(end - pos, MOST_ZEROS);
    for (let i = 0; i < most; i++) if (data[pos + i] !== 0) return i;
    return most;
  }

  #short(where: string, have: number, need: number): ReadResult {
    if (!this.#window.eof) return NEED_DATA;
    if (have > 0) this.#stop(`cut in the middle of ${where}: ${have} of ${need} bytes`);
    return END;
  }

  #tooLong(captured: number): ReadResult {
    this.#stop(`a record claims ${captured} captured bytes, more than the maximum of ${this.#captureLimit}`);
    return END;
  }

  #stop(what: string): void {
    this.damage = { offset: this.#window.offset + this.#window.pos, what };
  }
}

function viewOf(data: Uint8Array): DataView {
  return new DataView(data.buffer, data.byteOffset, data.byteLength);
}

/**
 * The largest captured length that is taken for true: Wireshark's bound, or the file's own snaplen if that is more.
 * @param room bytes that a window may have
 */
export function captureLimit(snaplen: number, room: number): number {
  return Math.max(MAX_PACKET_BYTES, Math.min(snaplen, room - LONGEST_RECORD_HEADER));
}
