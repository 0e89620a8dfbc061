/** What the report says of the capture itself, and of the systems in it: a part of types.ts. */

import type { Certainty } from '../teardown/fingerprint.ts';
import type { OsName } from '../teardown/profiles.ts';

export interface CaptureFile {
  name: string;
  /** 'pcap', 'pcap-ns', its variants 'pcap-modified', 'pcap-ixia', 'pcap-nokia' and 'pcap-aix', 'pcapng', 'snoop', 'erf', with '+gzip' or '+zstd' */
  format: string;
  /** libpcap's names of the link types seen, such as 'ETHERNET', 'LINUX_SLL2' */
  linkTypes: string[];
  packets: number;
  /** bytes read */
  bytes: number;
  firstPacket: string | null;
  lastPacket: string | null;
}

export interface Damage {
  file: string;
  /** byte offset at which reading stopped or skipped */
  offset: number;
  what: string;
}

/** How packets were captured, where we did it ourselves (live). */
export interface LiveSource {
  interface: string;
  backend: 'tcpdump' | 'dumpcap' | 'cap';
  /** kernel: when the packet passed; user-space: when it was handed over, later by up to some ms */
  timestamps: 'kernel' | 'user-space';
  /** in pcap-filter(7)'s language; null: none */
  filter: string | null;
  /** bytes of each packet */
  snaplen: number;
}

/** And when: from the start, or of a period (--every), to its end. */
export interface LiveRun extends LiveSource {
  from: string;
  until: string;
}

export interface Capture {
  /** null: files were read */
  live: LiveRun | null;
  files: CaptureFile[];
  packets: number;
  /** segments: an aggregate of 802.11 (A-MSDU) may hold several in one record */
  tcpPackets: number;
  duplicates: number;
  outOfOrder: number;
  /** connections told of before their end, as too many were open at once: a later packet of one is a connection of its own */
  flowsGivenUp: number;
  /** by the kernel while capturing; null if not known */
  dropped: number | null;
  /** packets that hold no TCP that we can read, by reason; of an A-MSDU each packet counts */
  skipped: Record<string, number>;
  damage: Damage[];
  position: 'near-client' | 'near-server' | 'middle' | 'unknown';
  firstPacket: string | null;
  lastPacket: string | null;
  seconds: number;
}

/** What is taken for granted of an address: the system there, and its timers. */
export interface Assumption {
  os: OsName;
  /** inferred: from a packet; assumed: Linux as nothing tells, or as the user said */
  basis: 'inferred' | 'assumed';
  /** how sure it is; given: the user said so */
  certainty: Certainty | 'given';
  /** the SYN or SYN-ACK that tells, null without one */
  frame: number | null;
  /** what tells, in words */
  why: string;
  timeWaitSeconds: number;
  /** the latest end, by the granularity of the system's timers or where sources disagree */
  timeWaitLatestSeconds: number;
  /** null: no such timer */
  finWait2Seconds: number | null;
}

/** Of the flow's first packet, outermost first. */
export interface Encapsulation {
  vlans: number[];
  mplsLabels: number[];
  /** by decode/segment.ts' names, with their numbers there */
  tunnels: { type: string; id: number | null }[];
}
