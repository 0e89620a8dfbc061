/** snoop, the format of Solaris' capture program (RFC 1761): all of it big-endian. */
import { u32be } from './bytes.ts';
import {
  type CaptureReader,
  END,
  MAX_PACKET_BYTES,
  NEED_DATA,
  RECORD,
  type ReadDamage,
  type ReadResult,
} from './reader.ts';
import type { CaptureRecord } from './types.ts';
import type { ByteWindow } from './window.ts';

/** First eight bytes of a file: "snoop" and three zeros. */
export const SNOOP_MAGIC = [0x736e6f6f, 0x70000000] as const;

// The file header: magic, version, datalink type.
const FILE_HEADER = 16;
const VERSION_AT = 8;
const DATALINK_AT = 12;
// The record header: length on the wire, captured length, length of the record, drops so far, seconds, microseconds.
const RECORD_HEADER = 24;
/** A record ends on a boundary of four bytes by the RFC; what is much longer is damage. */
const MOST_PADDING = 1024;

const US_PER_SECOND = 1_000_000;

/** LINKTYPE_ by datalink type, of those that RFC 1761 and Solaris' sys/dlpi.h name and libpcap knows too. */
const LINK_TYPES = new Map([
  [0, 1], // IEEE 802.3
  [2, 6], // IEEE 802.5
  [4, 1], // Ethernet
  [8, 10], // FDDI
]);

export class SnoopReader implements CaptureReader {
  readonly format = 'snoop';
  readonly linkTypes: Set<number> = new Set();
  damage: ReadDamage | null = null;
  unsupported: string | null = null;
  /** by the last record that said most */
  dropped: number | null = null;
  readonly otherFrames = 0;
  readonly #window: ByteWindow;
  /** LINKTYPE_; -1 until the file header is read */
  #linkType = -1;

  /** @param window its first byte is the first one of the file */
  constructor(window: ByteWindow) {
    this.#window = window;
  }

  begin(): ReadResult {
    if (this.#linkType >= 0) return RECORD;
    if (this.unsupported !== null) return END;
    const window = this.#window;
    const { data, pos } = window;
    const have = window.end - pos;
    if (have < FILE_HEADER) return this.#short('the file header', have, FILE_HEADER);
    const version = u32be(data, pos + VERSION_AT);
    const datalink = u32be(data, pos + DATALINK_AT);
    const linkType = LINK_TYPES.get(datalink);
    if (version !== 2) this.unsupported = `snoop version ${version} is not known, only 2 is`;
    else if (linkType === undefined) this.unsupported = `snoop's datalink type ${datalink} is not known`;
    if (this.unsupported !== null || linkType === undefined) return END;
    this.#linkType = linkType;
    this.linkTypes.add(linkType);
    window.pos += FILE_HEADER;
    return RECORD;
  }

  next(record: CaptureRecord): ReadResult {
    if (this.#linkType < 0) {
      const begun = this.begin();
      if (begun !== RECORD) return begun;
    }
    if (this.damage !== null) return END;
    const window = this.#window;
    const { data, pos } = window;
    const have = window.end - pos;
    if (have < RECORD_HEADER) return this.#short('a record', have, RECORD_HEADER);
    const captured = u32be(data, pos + 4);
    const length = u32be(data, pos + 8);
    if (captured > MAX_PACKET_BYTES) {
      return this.#stop(`a record claims ${captured} captured bytes, more than the maximum of ${MAX_PACKET_BYTES}`);
    }
    const packetEnd = RECORD_HEADER + captured;
    if (length < packetEnd || length > packetEnd + MOST_PADDING) {
      return this.#stop(`a record claims to be ${length} bytes long, with ${captured} captured bytes`);
    }
    if (have < length) return this.#short('a record', have, length);

    const micros = u32be(data, pos + 20);
    const carry = Math.floor(micros / US_PER_SECOND);
    this.dropped = Math.max(this.dropped ?? 0, u32be(data, pos + 12));
    record.data = data;
    record.address = window.address;
    record.start = pos + RECORD_HEADER;
    record.end = pos + packetEnd;
    record.seconds = u32be(data, pos + 16) + carry;
    record.nanoseconds = (micros - carry * US_PER_SECOND) * 1000;
    record.wireLength = u32be(data, pos);
    record.linkType = this.#linkType;
    record.interfaceId = 0;
    record.hasTime = true;
    record.bigEndian = true;
    window.pos = pos + length;
    return RECORD;
  }

  #short(where: string, have: number, need: number): ReadResult {
    if (!this.#window.eof) return NEED_DATA;
    return have > 0 ? this.#stop(`cut in the middle of ${where}: ${have} of ${need} bytes`) : END;
  }

  #stop(what: string): ReadResult {
    this.damage = { offset: this.#window.offset + this.#window.pos, what };
    return END;
  }
}
