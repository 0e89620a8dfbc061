/**
 * Captures taken apart into their records, as far as they can be, and put together again. More lenient than the readers of
 * src/input: what can't be understood is the tail.
 */

export type Format = 'pcap' | 'pcapng' | 'snoop' | 'erf' | 'unknown';

export interface Pieces {
  format: Format;
  little: boolean;
  /** bytes of a pcap record's header: 16, or 24 in Kuznetzov's */
  recordHeader: number;
  /** what is before the first record */
  head: Buffer;
  records: Buffer[];
  tail: Buffer;
}

const PCAP_MAGICS = [0xa1b2c3d4, 0xa1b23c4d, 0xa1b2cd34];
const SECTION = 0x0a0d0d0a;
const BYTE_ORDER = 0x1a2b3c4d;
const ENHANCED = 6;
const PACKET = 2;
const SIMPLE = 3;

/** The pieces share their bytes with the capture. */
export function takeApart(bytes: Buffer): Pieces {
  const none = { format: 'unknown', little: true, recordHeader: 0, head: bytes, records: [], tail: Buffer.alloc(0) };
  if (bytes.length < 24) return none as Pieces;
  for (const little of [true, false]) {
    const magic = word(bytes, 0, little);
    if (PCAP_MAGICS.includes(magic)) {
      const recordHeader = magic === 0xa1b2cd34 ? 24 : 16;
      const lengthOf = (at: number) => recordHeader + word(bytes, at + 8, little);
      return walk(bytes, { format: 'pcap', little, recordHeader }, 24, recordHeader, lengthOf);
    }
  }
  if (word(bytes, 0, true) === SECTION) {
    const little = word(bytes, 8, true) === BYTE_ORDER;
    let order = little;
    const lengthOf = (at: number) => {
      if (word(bytes, at, true) === SECTION && at + 12 <= bytes.length)
        order = word(bytes, at + 8, true) === BYTE_ORDER;
      return (word(bytes, at + 4, order) + 3) & ~3;
    };
    return walk(bytes, { format: 'pcapng', little, recordHeader: 8 }, 0, 12, lengthOf);
  }
  if (bytes.toString('latin1', 0, 8) === 'snoop\0\0\0') {
    const lengthOf = (at: number) => word(bytes, at + 8, false);
    return walk(bytes, { format: 'snoop', little: false, recordHeader: 24 }, 16, 24, lengthOf);
  }
  const first = bytes.readUInt16BE(10);
  if ((bytes[8]! & 0x7f) < 32 && first >= 16 && first <= bytes.length) {
    return walk(bytes, { format: 'erf', little: false, recordHeader: 16 }, 0, 16, (at) => bytes.readUInt16BE(at + 10));
  }
  return none as Pieces;
}

function walk(
  bytes: Buffer,
  of: Pick<Pieces, 'format' | 'little' | 'recordHeader'>,
  start: number,
  least: number,
  lengthOf: (at: number) => number,
): Pieces {
  const records: Buffer[] = [];
  let at = start;
  while (at + least <= bytes.length) {
    const length = lengthOf(at);
    if (length < least || at + length > bytes.length) break;
    records.push(bytes.subarray(at, at + length));
    at += length;
  }
  return { ...of, head: bytes.subarray(0, start), records, tail: bytes.subarray(at) };
}

export function putTogether({ head, records, tail }: Pieces): Buffer {
  return Buffer.concat([head, ...records, tail]);
}

/** Where a record's packet begins and ends in it; null where it holds none. */
export function packetIn(
  { format, little, recordHeader }: Pieces,
  record: Buffer,
): [start: number, end: number] | null {
  let start = recordHeader;
  let end = record.length;
  if (format === 'pcapng') {
    const type = word(record, 0, little);
    if (type === SIMPLE) start = 12;
    else if ((type === ENHANCED || type === PACKET) && record.length >= 32) start = 28;
    else return null;
    const captured = type === SIMPLE ? word(record, 8, little) : word(record, 20, little);
    end = Math.min(record.length - 4, start + captured);
  } else if (format === 'snoop') end = Math.min(record.length, 24 + word(record, 4, false));
  else if (format === 'erf') start = (record[8]! & 0x7f) === 2 ? 18 : 16;
  else if (format === 'unknown') return null;
  return start < end ? [start, end] : null;
}

/** A record like this one with another packet in it, all its lengths right. */
export function withPacket(pieces: Pieces, record: Buffer, packet: Buffer): Buffer {
  const place = packetIn(pieces, record);
  if (place === null) return record;
  const { format, little } = pieces;
  const header = Buffer.from(record.subarray(0, place[0]));
  if (format === 'pcap') {
    setWord(header, 8, packet.length, little);
    setWord(header, 12, packet.length, little);
    return Buffer.concat([header, packet]);
  }
  const unit = format === 'erf' ? 8 : 4;
  const body = Buffer.concat([packet, Buffer.alloc(-(header.length + packet.length) & (unit - 1))]);
  if (format === 'snoop') {
    for (const [at, value] of [
      [0, packet.length],
      [4, packet.length],
      [8, header.length + body.length],
    ] as const) {
      setWord(header, at, value, false);
    }
    return Buffer.concat([header, body]);
  }
  if (format === 'erf') {
    header.writeUInt16BE((header.length + body.length) & 0xffff, 10);
    header.writeUInt16BE(packet.length & 0xffff, 14);
    return Buffer.concat([header, body]);
  }
  const length = header.length + body.length + 4;
  setWord(header, 4, length, little);
  if (place[0] === 12) setWord(header, 8, packet.length, little);
  else {
    setWord(header, 20, packet.length, little);
    setWord(header, 24, packet.length, little);
  }
  const trailer = Buffer.alloc(4);
  setWord(trailer, 0, length, little);
  return Buffer.concat([header, body, trailer]);
}

export function word(bytes: Buffer, at: number, little: boolean): number {
  if (at + 4 > bytes.length) return 0;
  return little ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
}

/** Writes as many of the four bytes as there is room for. */
export function setWord(bytes: Buffer, at: number, value: number, little: boolean): void {
  for (let i = 0; i < 4; i++) {
    if (at + i < bytes.length) bytes[at + i] = value >>> (8 * (little ? i : 3 - i));
  }
}
