/** What a pcapng file says of an interface: its description block and its statistics block. */
import { u16be, u16le, u32be, u32le } from './bytes.ts';
import { captureLimit } from './pcap.ts';
import { DEFAULT_TSRESOL, TickClock } from './ticks.ts';
import type { ByteWindow } from './window.ts';

const OPT_END = 0;
const IF_NAME = 2;
const IF_TSRESOL = 9;
const IF_TSOFFSET = 14;
const ISB_IFDROP = 5;
const ISB_OSDROP = 7;
const EPB_DROPCOUNT = 4;
/** A name is kept for each interface; Linux has none of more than 15 bytes, Windows of about 50. */
const MOST_NAME_BYTES = 256;
const NOT_KNOWN = 0xffff_ffff;
/** the same in the 16 bits of an obsolete block */
const LOST_NOT_KNOWN = 0xffff;

export interface PcapngInterface {
  linkType: number;
  /** as the capturing machine calls it; null where that isn't told */
  name: string | null;
  /** 0: no limit */
  snaplen: number;
  /** the largest captured length that is taken for true */
  captureLimit: number;
  clock: TickClock;
  /** packets dropped, as its last statistics block says; null without one */
  dropped: number | null;
  /** packets lost before its packets, summed up, as these say; null where none does */
  lost: number | null;
}

/** Reads the body of an Interface Description Block, the window's data[start..end): link type, snaplen, options. */
export function readInterface(
  { data, most }: ByteWindow,
  start: number,
  end: number,
  bigEndian: boolean,
): PcapngInterface {
  const snaplen = (bigEndian ? u32be : u32le)(data, start + 4);
  const resolution = findOption(data, start + 8, end, bigEndian, IF_TSRESOL, 1);
  const offset = findOption(data, start + 8, end, bigEndian, IF_TSOFFSET, 8);
  const tsresol = resolution < 0 ? DEFAULT_TSRESOL : data[resolution]!;
  return {
    linkType: (bigEndian ? u16be : u16le)(data, start),
    name: readName(data, start + 8, end, bigEndian),
    snaplen,
    captureLimit: captureLimit(snaplen, most),
    clock: new TickClock(tsresol, offset < 0 ? 0n : readInt64(data, offset, bigEndian)),
    dropped: null,
    lost: null,
  };
}

/**
 * Drops that an Interface Statistics Block tells: by the interface and by the system. They count from the start of the
 * capture, so the last block of an interface counts.
 * @returns null where it tells none
 */
export function readDrops(data: Uint8Array, start: number, end: number, bigEndian: boolean): number | null {
  let drops: number | null = null;
  for (const code of [ISB_IFDROP, ISB_OSDROP]) {
    const count = readCount(data, start, end, bigEndian, code);
    if (count !== null) drops = (drops ?? 0) + count;
  }
  return drops;
}

/** Reads what the options of an Enhanced Packet Block say of packets lost since the last one of the interface. */
export function readLost(of: PcapngInterface, data: Uint8Array, start: number, end: number, bigEndian: boolean): void {
  const count = readCount(data, start, end, bigEndian, EPB_DROPCOUNT);
  if (count !== null) of.lost = (of.lost ?? 0) + count;
}

/** The same of an obsolete Packet Block, which has a field for it. */
export function noteLost(of: PcapngInterface, count: number): void {
  if (count !== LOST_NOT_KNOWN) of.lost = (of.lost ?? 0) + count;
}

/** The 64 bits of an option; null where it isn't there, or all ones: the writer had no number. */
function readCount(data: Uint8Array, start: number, end: number, bigEndian: boolean, code: number): number | null {
  const at = findOption(data, start, end, bigEndian, code, 8);
  if (at < 0) return null;
  const u32 = bigEndian ? u32be : u32le;
  const high = u32(data, bigEndian ? at : at + 4);
  const low = u32(data, bigEndian ? at + 4 : at);
  return high === NOT_KNOWN && low === NOT_KNOWN ? null : high * 0x1_0000_0000 + low;
}

/** UTF-8, to the first zero byte, with which some programs end it. */
function readName(data: Uint8Array, start: number, end: number, bigEndian: boolean): string | null {
  const at = findOption(data, start, end, bigEndian, IF_NAME, null);
  if (at < 0) return null;
  const bytes = data.subarray(at, at + Math.min(MOST_NAME_BYTES, (bigEndian ? u16be : u16le)(data, at - 2)));
  const zero = bytes.indexOf(0);
  const name = new TextDecoder().decode(zero < 0 ? bytes : bytes.subarray(0, zero));
  return name === '' ? null : name;
}

/** Where the value of the first option with this code and length (null: any) begins, or -1. Never looks beyond `end`. */
function findOption(
  data: Uint8Array,
  start: number,
  end: number,
  bigEndian: boolean,
  code: number,
  length: number | null,
): number {
  const u16 = bigEndian ? u16be : u16le;
  let at = start;
  while (at + 4 <= end) {
    const optionCode = u16(data, at);
    const optionLength = u16(data, at + 2);
    if (optionCode === OPT_END || at + 4 + optionLength > end) return -1;
    if (optionCode === code && (length === null || optionLength === length)) return at + 4;
    at += 4 + ((optionLength + 3) & ~3);
  }
  return -1;
}

function readInt64(data: Uint8Array, at: number, bigEndian: boolean): bigint {
  return new DataView(data.buffer, data.byteOffset + at, 8).getBigInt64(0, !bigEndian);
}
