/** What input hands to decode: one record at a time, in one reused object. */

/** A captured packet, valid until the next one is asked for. Nothing in it may be kept. */
export class CaptureRecord {
  /** the reader's buffer; the packet is data[start..end) */
  data: Uint8Array = new Uint8Array(0);
  /** address of data[0] for the kernel; 0: it can't reach it */
  address = 0;
  start = 0;
  end = 0;
  /** whole seconds since 1970 */
  seconds = 0;
  /** 0..999,999,999 */
  nanoseconds = 0;
  /** length on the wire, bytes; `end - start` is what was captured */
  wireLength = 0;
  /** LINKTYPE_ number (tcpdump.org/linktypes.html) */
  linkType = 0;
  /** interface index within its section, 0 in pcap */
  interfaceId = 0;
  /** the file's own number among several; with `interfaceId` added it tells captures of one packet apart, mostly */
  origin = 0;
  /** false where the format gives no time (pcapng SPB): the time is the previous record's */
  hasTime = true;
  /** 1-based frame number as Wireshark counts, over all files */
  frame = 0;
  /** big-endian file: NULL's address family is in the capturing host's byte order */
  bigEndian = false;
}

/** Where a record comes from. */
export interface RecordOrigin {
  /** place of its file among those that were named, from 0 */
  file: number;
  /** its number in that file alone, as Wireshark counts */
  frame: number;
  /** null where the file doesn't say */
  interfaceName: string | null;
}

/** A moment, as records have it. */
export interface Moment {
  seconds: number;
  nanoseconds: number;
}

/** What one input file was. */
export interface FileSummary {
  /** base name, or the path where others have the same one; '-' for standard input */
  name: string;
  /** 'pcap', 'pcap-ns', its variants 'pcap-modified', 'pcap-ixia', 'pcap-nokia' and 'pcap-aix', 'pcapng', 'snoop', 'erf', with '+gzip' or '+zstd' */
  format: string;
  /** names of the link types that it declares, in order of appearance */
  linkTypes: string[];
  packets: number;
  /** bytes read from it, before decompression */
  bytes: number;
  /** earliest and latest packet, whatever their order; null where no packet has a time */
  first: Moment | null;
  last: Moment | null;
}

/** Where reading a file stopped before its end. */
export interface FileDamage {
  /** base name of the file */
  file: string;
  /** byte offset, after decompression */
  offset: number;
  what: string;
}
