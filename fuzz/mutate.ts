/** A capture into another one: dumb changes of bytes, and changes that know what a record is. */
import { gzipSync } from 'node:zlib';
import { type Pieces, packetIn, putTogether, setWord, takeApart, withPacket, word } from './capture.ts';
import type { Dice } from './dice.ts';
import { changePacket, headersIn, tagged, tunnelled } from './packets.ts';

/** No mutant is longer, bytes: small ones are read fast, and what a program does with lengths shows in them too. */
export const MOST_BYTES = 48 << 10;

/** Changes a capture, a few times over. @param other a second capture, of which parts may be taken */
export function mutate(dice: Dice, capture: Buffer, other: Buffer): Buffer {
  let bytes: Buffer = Buffer.from(capture);
  for (let n = dice.few(6); n > 0; n--) {
    const roll = dice.next();
    if (roll < 0.3) bytes = changeBytes(dice, bytes, other);
    else bytes = changeRecords(dice, bytes, other);
    if (bytes.length > MOST_BYTES) bytes = bytes.subarray(0, MOST_BYTES);
  }
  return dice.chance(0.04) ? compressed(dice, bytes) : bytes;
}

/** Knows nothing of what the bytes are. */
function changeBytes(dice: Dice, bytes: Buffer, other: Buffer): Buffer {
  const { length } = bytes;
  if (length === 0) return Buffer.from(other);
  // The first bytes decide most.
  const at = dice.chance(0.3) ? dice.below(Math.min(length, 64)) : dice.below(length);
  const run = dice.few(Math.min(200, length - at));
  switch (dice.below(9)) {
    case 0:
      bytes[at]! ^= 1 << dice.below(8);
      return bytes;
    case 1:
      bytes[at] = dice.below(256);
      return bytes;
    case 2:
    case 3:
      writeValue(dice, bytes, at);
      return bytes;
    case 4:
      return bytes.subarray(0, at);
    case 5:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + run)]);
    case 6:
      return Buffer.concat([bytes.subarray(0, at + run), bytes.subarray(at)]);
    case 7:
      bytes.fill(dice.pick([0, 0xff, 0x41]), at, at + run);
      return bytes;
    default: {
      const from = dice.below(other.length);
      const part = other.subarray(from, from + dice.few(400));
      return Buffer.concat([bytes.subarray(0, at), part, bytes.subarray(at + (dice.chance(0.5) ? part.length : 0))]);
    }
  }
}

/** A value that programs trip over, in a field of 1, 2, 4 or 8 bytes in either order. */
function writeValue(dice: Dice, bytes: Buffer, at: number): void {
  const width = dice.pick([1, 2, 4, 4, 8]);
  const value = dice.word();
  const little = dice.chance(0.5);
  for (let i = 0; i < width && at + i < bytes.length; i++) {
    const place = little ? i : width - 1 - i;
    bytes[at + i] = place < 4 ? value >>> (8 * place) : value === 0xffffffff ? 0xff : 0;
  }
}

function changeRecords(dice: Dice, bytes: Buffer, other: Buffer): Buffer {
  const pieces = takeApart(bytes);
  const { records } = pieces;
  if (records.length === 0) return changeBytes(dice, bytes, other);
  const at = dice.below(records.length);
  if (dice.chance(0.5)) changeOnePacket(dice, pieces, at);
  else if (dice.chance(0.45)) changeHeader(dice, pieces, at);
  else if (dice.chance(0.8)) changeOrder(dice, pieces, at, other);
  else changeAll(dice, pieces);
  return putTogether(pieces);
}

function changeOnePacket(dice: Dice, pieces: Pieces, at: number): void {
  const { records } = pieces;
  const place = packetIn(pieces, records[at]!);
  if (place === null) return;
  const record = Buffer.from(records[at]!);
  const packet = record.subarray(...place);
  records[at] = record;
  const roll = dice.next();
  if (roll < 0.75) {
    if (!changePacket(dice, packet)) writeValue(dice, packet, dice.below(packet.length));
  } else if (roll < 0.85) {
    const deeper = tunnelled(dice, packet);
    if (deeper !== null) records[at] = withPacket(pieces, record, deeper);
  } else if (roll < 0.9) records[at] = withPacket(pieces, record, tagged(dice, packet));
  else if (roll < 0.95) records[at] = withPacket(pieces, record, packet.subarray(0, dice.below(packet.length)));
  else inFragments(dice, pieces, at, packet);
}

/** The packet in two fragments of IPv4, in any order, that may overlap or leave a hole. */
function inFragments(dice: Dice, pieces: Pieces, at: number, packet: Buffer): void {
  const found = headersIn(packet);
  if (found === null || found.version !== 4) return;
  const { ip, tcp } = found;
  const cut = 8 * dice.below(Math.max(1, (packet.length - tcp) >> 3));
  const start = Math.max(0, cut + 8 * dice.pick([0, 0, 0, 1, -1]));
  const part = (from: number, to: number, offset: number) => {
    const bytes = Buffer.concat([packet.subarray(0, tcp), packet.subarray(tcp + from, tcp + to)]);
    bytes.writeUInt16BE((bytes.length - ip) & 0xffff, ip + 2);
    bytes.writeUInt16BE(offset, ip + 6);
    return withPacket(pieces, pieces.records[at]!, bytes);
  };
  const parts = [part(0, cut, 0x2000), part(start, packet.length, start >> 3)];
  pieces.records.splice(at, 1, ...(dice.chance(0.5) ? parts : parts.reverse()));
}

/** Lengths, times and block types of a record, or the capture's own header. */
function changeHeader(dice: Dice, pieces: Pieces, at: number): void {
  const { format, little, records } = pieces;
  const isHead = pieces.head.length > 0 && dice.chance(0.2);
  const bytes = Buffer.from(isHead ? pieces.head : records[at]!);
  if (isHead) pieces.head = bytes;
  else records[at] = bytes;
  if (isHead && format === 'pcap' && dice.chance(0.5)) {
    setWord(
      bytes,
      20,
      dice.pick([0, 1, 9, 10, 50, 101, 104, 105, 108, 113, 119, 127, 192, 228, 229, 239, 276]),
      little,
    );
    return;
  }
  if (isHead && dice.chance(0.2)) {
    bytes.subarray(0, 4).reverse(); // the other byte order
    return;
  }
  const fields = Math.max(1, Math.min(bytes.length, isHead ? 24 : pieces.recordHeader + 20) >> 2);
  const field = 4 * dice.below(fields);
  const isTime = !isHead && field === (format === 'pcapng' ? 12 : format === 'snoop' ? 16 : 0);
  const before = word(bytes, field, little);
  const near = dice.pick([1, -1, 2, 3, 4, -4, 8]);
  if (isTime && dice.chance(0.6)) setWord(bytes, field, timeNear(dice, before), little);
  else setWord(bytes, field, dice.chance(0.4) ? before + near : dice.word(), little);
  // Both lengths of a block, else nearly all changes end the reading.
  if (format === 'pcapng' && field === 4 && dice.chance(0.6))
    setWord(bytes, bytes.length - 4, word(bytes, 4, little), little);
}

/** Seconds: the same, shortly before or after, beyond TIME_WAIT, in a year, long ago. */
function timeNear(dice: Dice, seconds: number): number {
  return seconds + dice.pick([0, 1, -1, 59, 61, 120, -61, 3600, 31_536_000, -31_536_000, 2 ** 30]);
}

function changeOrder(dice: Dice, pieces: Pieces, at: number, other: Buffer): void {
  const { records } = pieces;
  switch (dice.below(6)) {
    case 0:
      records.splice(at, dice.few(records.length - at));
      return;
    case 1:
      records.splice(dice.below(records.length + 1), 0, records[at]!);
      return;
    case 2: {
      const to = dice.below(records.length);
      [records[at], records[to]] = [records[to]!, records[at]!];
      return;
    }
    case 3: {
      // a bomb of records
      const part = records.slice(at, at + dice.few(4));
      const copies = dice.few(dice.chance(0.1) ? 400 : 30);
      const bomb = Array.from({ length: copies }, () => part).flat();
      records.splice(at, 0, ...bomb);
      return;
    }
    case 4:
      records.reverse();
      return;
    default:
      splice(dice, pieces, at, takeApart(other));
  }
}

/** Records of another capture: as they are where the format is the same, else their packets. */
function splice(dice: Dice, pieces: Pieces, at: number, other: Pieces): void {
  if (other.records.length === 0) return;
  const from = dice.below(other.records.length);
  const taken = other.records.slice(from, from + dice.few(12));
  const alike = other.format === pieces.format && (other.little === pieces.little || dice.chance(0.1));
  const carrier = pieces.records[at]!;
  const inserted = taken.flatMap((record) => {
    if (alike) return [record];
    const place = packetIn(other, record);
    return place === null ? [] : [withPacket(pieces, carrier, Buffer.from(record.subarray(...place)))];
  });
  pieces.records.splice(at, dice.chance(0.3) ? inserted.length : 0, ...inserted);
}

/** The same change to every packet. */
function changeAll(dice: Dice, pieces: Pieces): void {
  const what = dice.below(4);
  const value = dice.word();
  const snaplen = 14 + dice.below(60);
  pieces.records = pieces.records.map((record) => {
    const place = packetIn(pieces, record);
    if (place === null) return record;
    const copy = Buffer.from(record);
    const packet = copy.subarray(...place);
    if (what === 0) return withPacket(pieces, copy, packet.subarray(0, snaplen));
    const at = headersIn(packet);
    if (at === null || at.tcp + 20 > packet.length) return record;
    if (what === 1) packet.writeUInt32BE(value, at.tcp + 4);
    else if (what === 2) packet.writeUInt32BE(value, at.tcp + 8);
    else packet.writeUInt32BE(value, at.tcp); // one 4-tuple, or an unusual pair of ports
    return copy;
  });
}

/** With gzip, or in a frame of zstd whose blocks are stored; mostly damaged after that. */
function compressed(dice: Dice, bytes: Buffer): Buffer {
  const packed: Buffer = dice.chance(0.5) ? gzipSync(Uint8Array.from(bytes), { level: 1 }) : storedZstd(bytes);
  return dice.chance(0.7) ? changeBytes(dice, packed, bytes) : packed;
}

/** A frame of raw blocks (RFC 8878 section 3.1.1): a compressor is not needed to test what is around them. */
export function storedZstd(bytes: Buffer): Buffer {
  const parts: Uint8Array[] = [Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58])];
  const most = 1 << 12;
  for (let at = 0; at < bytes.length || at === 0; at += most) {
    const block = bytes.subarray(at, at + most);
    const header = (block.length << 3) | (at + most >= bytes.length ? 1 : 0);
    parts.push(Buffer.from([header & 0xff, (header >> 8) & 0xff, header >> 16]), block);
  }
  return Buffer.concat(parts);
}
