/** What the capture formats have in common: a reader turns the bytes of a window into records, one at a time. */
import type { CaptureClock } from './clock.ts';
import type { CaptureRecord } from './types.ts';
import type { ByteWindow } from './window.ts';

/** The record holds the next packet. */
export const RECORD = 0;
/** More bytes must be put into the window first, or its `eof` set. */
export const NEED_DATA = 1;
/** Nothing more can be read: the end of the input, or damage. */
export const END = 2;

/** RECORD, NEED_DATA or END: a number, so that reading allocates nothing. */
export type ReadResult = typeof RECORD | typeof NEED_DATA | typeof END;

/** The place at which reading stopped, and why. */
export interface ReadDamage {
  /** byte offset in the stream, after decompression */
  offset: number;
  /** for humans */
  what: string;
}

/** Wireshark's bound on a captured packet, bytes; a file whose snaplen is larger may go beyond. */
export const MAX_PACKET_BYTES = 262_144;

/** How the records of a pcap file lie: a header of 16 bytes, little-endian, the captured length before the wire's. */
export interface PcapLayout {
  linkType: number;
  /** nanoseconds of a fraction of a second, and fractions in a second */
  fractionNs: number;
  fractions: number;
  /** most bytes that are captured of a packet */
  captureLimit: number;
}

/** Takes many records at once. */
export interface BulkSink {
  /** Takes the window's next records, as many as it can: moves `pos` on, and the file's clock. */
  takeRecords(window: ByteWindow, layout: PcapLayout, clock: CaptureClock): void;
}

export interface CaptureReader {
  /** 'pcap', 'pcap-ns', 'pcap-modified', 'pcap-ixia', 'pcap-nokia', 'pcap-aix', 'pcapng', 'snoop' or 'erf' */
  readonly format: string;
  /** LINKTYPE_ numbers that the file has declared so far, in order of appearance */
  readonly linkTypes: ReadonlySet<number>;
  readonly damage: ReadDamage | null;
  /** why the file can't be read though it is a capture (a version of the format that isn't known), or null */
  readonly unsupported: string | null;
  /** packets that the capturing kernel dropped, null where the file doesn't say */
  readonly dropped: number | null;
  /** blocks passed so far that hold no packet, but to which Wireshark gives a frame number */
  readonly otherFrames: number;
  /** how the records lie, once the file header is read; null or absent where not as in PcapLayout */
  readonly layout?: PcapLayout | null;
  /** What the file calls an interface of the section that is read; null, or absent, where it doesn't say. */
  interfaceName?(id: number): string | null;
  /** Reads the file header. RECORD: records may follow. `next` does it where it wasn't done. */
  begin(): ReadResult;
  /** Reads the next packet into `record`. All of it but `frame` is set. */
  next(record: CaptureRecord): ReadResult;
}
