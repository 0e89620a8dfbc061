/**
 * Which of the layouts that share a magic number a pcap file has: told by its first records, as Wireshark does it
 * (wiretap/libpcap.c). libpcap reads the first of each list.
 */
import { NS_PER_SECOND } from '../units.ts';
import { u32be, u32le } from './bytes.ts';
import { MAX_PACKET_BYTES } from './reader.ts';
import type { ByteWindow } from './window.ts';

/** First four bytes of a file, read big-endian; a little-endian file has them reversed. */
export const PCAP_MICRO = 0xa1b2c3d4;
const PCAP_NANO = 0xa1b23c4d;
/** Alexey Kuznetzov's patched libpcap: each record tells interface, protocol and packet type as well. */
const PCAP_MODIFIED = 0xa1b2cd34;
/** IXIA's "lcap", by hardware and by software: the file header has the size of all records behind it. */
const IXIA_HARDWARE = 0x1c0001ac;
const IXIA_SOFTWARE = 0x1c0001ab;

/** How the records of a file lie. */
export interface PcapVariant {
  /** as in the report */
  format: string;
  /** bytes of a record header: seconds, fraction, two lengths, and what else the writer had to say */
  recordHeader: number;
  /** nanoseconds of the fraction's unit */
  fractionNs: number;
}

const variant = (format: string, recordHeader: number, fractionNs: number): PcapVariant => ({
  format,
  recordHeader,
  fractionNs,
});

// Which unit IXIA's two programs use nothing published tells; Wireshark takes both for microseconds.
const IXIA = [variant('pcap-ixia', 16, 1000), variant('pcap-ixia', 16, 1)];

/** The variants of each magic number; the usual one comes first. */
const VARIANTS = new Map<number, [usual: PcapVariant, ...others: PcapVariant[]]>([
  // Red Hat 6.1 had Kuznetzov's header and the magic number of old; Nokia's IPSO adds four bytes.
  [PCAP_MICRO, [variant('pcap', 16, 1000), variant('pcap-modified', 24, 1000), variant('pcap-nokia', 20, 1000)]],
  [PCAP_NANO, [variant('pcap-ns', 16, 1)]],
  // SuSE 6.3 adds the numbers of two processors.
  [PCAP_MODIFIED, [variant('pcap-modified', 24, 1000), variant('pcap-modified', 28, 1000)]],
  [IXIA_HARDWARE, [IXIA[0]!, IXIA[1]!]],
  [IXIA_SOFTWARE, [IXIA[0]!, IXIA[1]!]],
]);

/** AIX writes nanoseconds. */
export const AIX: PcapVariant = variant('pcap-aix', 16, 1);

/** Whether a pcap file begins with these bytes. */
export function isPcapMagic(magic: number): boolean {
  return VARIANTS.has(magic);
}

/** Bytes of a file header: 24, and what IXIA adds. */
export function fileHeaderOf(magic: number): number {
  return magic === IXIA_HARDWARE || magic === IXIA_SOFTWARE ? 28 : 24;
}

/** What is known of a file whose variant is not. */
export interface PcapBeginning {
  magic: number;
  bigEndian: boolean;
  /** 0: the file doesn't say */
  snaplen: number;
  /** the two lengths in the order captured, on the wire */
  lengths(first: number, second: number): [captured: number, wire: number];
}

/**
 * Records by which a variant is judged: always as many, so that a pipe says what a file says, and of the usual one few,
 * so that it begins to speak early.
 */
const RECORDS = { usual: 2, other: 4 };
/** On the wire, bytes: Wireshark's bound for the guess. */
const MAX_WIRE = 128 << 20;
/** Between two records where all that is there of the second is its time, seconds. */
const MOST_BETWEEN = 86_400;

/**
 * The usual variant, unless its first records make no sense and the first ones of another do.
 * @param at where the first record begins
 * @returns null where more bytes are needed to know
 */
export function variantOf(window: ByteWindow, at: number, file: PcapBeginning): PcapVariant | null {
  const [usual, ...others] = VARIANTS.get(file.magic)!;
  if (others.length === 0) return usual;
  for (const each of [usual, ...others]) {
    const fits = fitsIn(window, at, file, each, each === usual ? RECORDS.usual : RECORDS.other);
    if (fits === null) return null;
    if (fits) return each;
  }
  return usual;
}

/** Whether the first records are of this variant; null: more bytes are needed. */
function fitsIn(
  window: ByteWindow,
  from: number,
  file: PcapBeginning,
  { recordHeader, fractionNs }: PcapVariant,
  most: number,
): boolean | null {
  const { data, end, eof } = window;
  const u32 = file.bigEndian ? u32be : u32le;
  let at = from;
  let last = 0;
  for (let records = 0; records < most; records++) {
    if (at === end && eof) return true;
    if (at + recordHeader > end) {
      if (!eof) return null;
      // Cut behind the seconds of a record, a file is as long as one of another variant.
      return records > 0 && at + 4 <= end && Math.abs(u32(data, at) - last) <= MOST_BETWEEN;
    }
    last = u32(data, at);
    const [captured, wire] = file.lengths(u32(data, at + 8), u32(data, at + 12));
    if (u32(data, at + 4) * fractionNs >= NS_PER_SECOND) return false;
    if (captured > wire || captured > MAX_PACKET_BYTES || wire > MAX_WIRE) return false;
    if (file.snaplen > 0 && captured > file.snaplen) return false;
    at += recordHeader + captured;
    if (at > end) return eof ? false : null;
  }
  return true;
}
