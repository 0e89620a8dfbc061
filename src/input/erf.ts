/** ERF, the format of Endace's DAG cards ("ERF types reference guide", EDM11-01): records one after another, no file header. */
import { NS_PER_SECOND } from '../units.ts';
import { u16be, u32le } from './bytes.ts';
import { type CaptureReader, END, NEED_DATA, RECORD, type ReadDamage, type ReadResult } from './reader.ts';
import type { CaptureRecord } from './types.ts';
import type { ByteWindow } from './window.ts';

// The record header: fraction and second (little-endian), type, flags, then length of the record, loss counter or
// colour, length on the wire (big-endian).
const HEADER = 16;
const SECONDS_AT = 4;
const TYPE_AT = 8;
const FLAGS_AT = 9;
const LENGTH_AT = 10;
const LOST_AT = 12;
const WIRE_LENGTH_AT = 14;

const EXTENSION = 8;
/** Bit 7 of the type, and of the first byte of an extension header: an extension header follows. */
const MORE = 0x80;
/** Bits 6 and 7 of the flags are reserved. */
const RESERVED_FLAGS = 0xc0;

/** What pcap gives to whole ERF records: a record whose type can't be decoded is delivered as one, and counted as such. */
const LINKTYPE_ERF = 197;
const LINKTYPE_PPP_HDLC = 50;
const LINKTYPE_C_HDLC = 104;
/** Address and control of PPP in HDLC (RFC 1662): what tells it from Cisco's. */
const PPP_IN_HDLC = 0xff03;

const META = 27;
const PAD = 48;

interface TypeOfRecord {
  linkType: number;
  /** bytes between header and packet */
  before: number;
  /** whether LOST_AT holds the packets lost since the record before; else a colour or a hash */
  tellsLost: boolean;
}

const TYPES = new Map<number, TypeOfRecord>([
  [1, { linkType: LINKTYPE_C_HDLC, before: 0, tellsLost: true }], // HDLC_POS
  [2, { linkType: 1, before: 2, tellsLost: true }], // ETH: an offset and a byte of padding
  [10, { linkType: LINKTYPE_C_HDLC, before: 0, tellsLost: false }], // COLOR_HDLC_POS
  [11, { linkType: 1, before: 2, tellsLost: false }], // COLOR_ETH
  [16, { linkType: 1, before: 2, tellsLost: false }], // DSM_COLOR_ETH
  [19, { linkType: LINKTYPE_C_HDLC, before: 0, tellsLost: false }], // COLOR_HASH_POS
  [20, { linkType: 1, before: 2, tellsLost: false }], // COLOR_HASH_ETH
  [22, { linkType: 101, before: 0, tellsLost: true }], // IPV4
  [23, { linkType: 101, before: 0, tellsLost: true }], // IPV6
]);

/** The highest type that the guide describes, besides PAD. */
const HIGHEST_TYPE = 27;

// What `looksLikeErf` demands.
const ENOUGH_RECORDS = 3;
/** of a file that ends with the last of them */
const ENOUGH_AT_END = 2;
/** 1990 and 2100, seconds since 1970: the first card is of 1996 */
const EARLIEST = 631_152_000;
const LATEST = 4_102_444_800;
/** How far padding may delay the answer, bytes. */
const FAR = 1 << 20;
/** Records that were put together from cells may be out of order; seconds. */
const MOST_BACKWARDS = 1;

/**
 * Whether bytes without any magic number begin with ERF records: three that make sense, or two and the end of the file.
 * @param have bytes from data[0] on that are there
 * @param eof whether they are all
 * @returns null where more bytes are needed to know
 */
export function looksLikeErf(data: Uint8Array, have: number, eof: boolean): boolean | null {
  let at = 0;
  let last = 0;
  for (let records = 0; ; ) {
    if (records >= ENOUGH_RECORDS) return true;
    if (at === have && eof) return records >= ENOUGH_AT_END;
    if (at > FAR) return false;
    if (at + HEADER > have) return eof ? false : null;
    const type = data[at + TYPE_AT]! & ~MORE;
    const length = u16be(data, at + LENGTH_AT);
    if (length < HEADER || (data[at + FLAGS_AT]! & RESERVED_FLAGS) !== 0) return false;
    if (type !== PAD) {
      const seconds = u32le(data, at + SECONDS_AT);
      const isKnown = type > 0 && type <= HIGHEST_TYPE;
      if (!isKnown || seconds < Math.max(EARLIEST, last - MOST_BACKWARDS) || seconds > LATEST) return false;
      if (length < HEADER + (TYPES.get(type)?.before ?? 0)) return false;
      last = seconds;
      records++;
    }
    at += length;
    if (at > have) return eof ? false : null;
  }
}

export class ErfReader implements CaptureReader {
  readonly format = 'erf';
  readonly linkTypes: Set<number> = new Set();
  damage: ReadDamage | null = null;
  readonly unsupported = null;
  /** null until a record has said it */
  dropped: number | null = null;
  otherFrames = 0;
  readonly #window: ByteWindow;

  /** @param window its first byte is the first one of the file */
  constructor(window: ByteWindow) {
    this.#window = window;
  }

  /** There is no file header. */
  begin(): ReadResult {
    return RECORD;
  }

  next(record: CaptureRecord): ReadResult {
    const window = this.#window;
    const { data } = window;
    for (;;) {
      if (this.damage !== null) return END;
      const at = window.pos;
      const have = window.end - at;
      if (have < HEADER) return this.#short(have, HEADER);
      const length = u16be(data, at + LENGTH_AT);
      if (length < HEADER) return this.#stop(`a record claims to be ${length} bytes long, less than its header`);
      if (have < length) return this.#short(have, length);
      window.pos = at + length;
      const type = data[at + TYPE_AT]! & ~MORE;
      if (type === PAD) continue;
      if (type === META) {
        this.otherFrames++;
        continue;
      }
      this.#setPacket(record, type, at, at + length);
      return RECORD;
    }
  }

  #setPacket(record: CaptureRecord, type: number, at: number, end: number): void {
    const { data, address } = this.#window;
    const kind = TYPES.get(type);
    const start = Math.min(end, packetStart(data, at, end) + (kind?.before ?? 0));
    record.data = data;
    record.address = address;
    record.start = start;
    record.wireLength = u16be(data, at + WIRE_LENGTH_AT);
    record.end = Math.min(end, start + record.wireLength); // behind it a record is padded
    record.linkType = linkTypeOf(kind, data, start, record.end);
    record.interfaceId = data[at + FLAGS_AT]! & 3;
    record.hasTime = true;
    record.bigEndian = false;
    // Fractions are 2^-32 s: times 10^9, which is 5^9 * 2^9. Exact, as the product is below 2^53. Rounded as in Wireshark.
    const nanoseconds = Math.floor((u32le(data, at) * 1_953_125) / 2 ** 23 + 0.5);
    record.seconds = u32le(data, at + SECONDS_AT) + (nanoseconds === NS_PER_SECOND ? 1 : 0);
    record.nanoseconds = nanoseconds % NS_PER_SECOND;
    this.linkTypes.add(record.linkType);
    if (kind?.tellsLost) this.dropped = (this.dropped ?? 0) + u16be(data, at + LOST_AT);
  }

  #short(have: number, need: number): ReadResult {
    if (!this.#window.eof) return NEED_DATA;
    return have > 0 ? this.#stop(`cut in the middle of a record: ${have} of ${need} bytes`) : END;
  }

  #stop(what: string): ReadResult {
    this.damage = { offset: this.#window.offset + this.#window.pos, what };
    return END;
  }
}

/** Behind the header and its extensions; these can't reach beyond the record. */
function packetStart(data: Uint8Array, record: number, end: number): number {
  let at = record + HEADER;
  let more = (data[record + TYPE_AT]! & MORE) !== 0;
  while (more && at + EXTENSION <= end) {
    more = (data[at]! & MORE) !== 0;
    at += EXTENSION;
  }
  return at;
}

function linkTypeOf(kind: TypeOfRecord | undefined, data: Uint8Array, start: number, end: number): number {
  if (kind === undefined) return LINKTYPE_ERF;
  const isPpp = kind.linkType === LINKTYPE_C_HDLC && start + 2 <= end && u16be(data, start) === PPP_IN_HDLC;
  return isPpp ? LINKTYPE_PPP_HDLC : kind.linkType;
}
