/** What a capture is while it runs, and how it is asked for. */

import type { Readable } from 'node:stream';
import type { InputError } from '../input/errors.ts';
import type { LiveSource } from '../report/types.ts';

export type Backend = LiveSource['backend'];

export interface LiveOptions {
  /** as `teardown interfaces` names it; 'any' is all of them, where the system can do that */
  interface: string;
  /** auto: the first of tcpdump, dumpcap and cap that is there and may capture */
  backend: 'auto' | Backend;
  /** in pcap-filter(7)'s language; null: everything */
  filter: string | null;
  /** bytes kept of each packet, from 1; 128 hold every header up to TCP's, tunnels apart (default 128) */
  snaplen?: number | undefined;
  /** packets after which it ends by itself, from 1; without it never */
  count?: number | undefined;
  /** the kernel's buffer for packets that are not yet read, in KiB from 1 (default 65,536; of cap, which wastes it, 262,144) */
  bufferKiB?: number | undefined;
  /**
   * Whose the program becomes once it captures, where we are root: it has to be the user that `dropRoot` makes of us, else we
   * may not tell it to end. As for `dropRoot`: null or absent is who called sudo, else nobody.
   */
  user?: string | null | undefined;
}

export interface LiveCapture {
  /** pcap or pcapng; ends when the program has ended */
  readonly stream: Readable;
  readonly source: LiveSource;
  /**
   * Packets that the kernel dropped for want of buffer, as told last; null: not told yet, or never. On Linux's loopback interface
   * each may count twice: there the kernel hands over both a packet's leaving and its coming.
   */
  readonly dropped: number | null;
  /** Asks it to hand over what it has and to end. It is killed if it doesn't within 3 s. */
  stop(): void;
  /** Ends it at once. */
  kill(): void;
  /** After the stream's end and the program's last words; never rejects. The stream has to be read for it, or destroyed. */
  readonly ended: Promise<CaptureEnd>;
}

export interface CaptureEnd {
  /** as `LiveCapture.dropped`, at the end */
  dropped: number | null;
  /** null: it was asked to end, or its count was reached */
  failure: InputError | null;
}

/** A capture that is asked for, with every default filled in. */
export interface Wanted {
  interface: string;
  filter: string | null;
  snaplen: number;
  count: number | null;
  bufferKiB: number;
  /** null: we are not root, or stay root */
  user: User | null;
}

/** Whom root becomes. */
export interface User {
  name: string;
  uid: number;
  gid: number;
  /** all groups, `gid` among them */
  groups: number[];
}

/** What a program told of itself on standard error. */
export interface Told {
  /** it captures */
  begun: boolean;
  /** packets handed over, as told last */
  captured: number | null;
  dropped: number | null;
  /** whatever else it said, without its own name before it */
  words: string[];
}

export interface Command {
  path: string;
  args: string[];
}

/** A program that captures, and how to understand it. */
export interface Program {
  name: Backend;
  timestamps: LiveSource['timestamps'];
  /** of the kernel's buffer, where nobody says */
  bufferKiB: number;
  /** whether SIGUSR1 makes it tell its counters */
  tellsWhenAsked: boolean;
  /** false: a signal; true: its standard input is closed, which tells it too that we are gone */
  endsWithInput: boolean;
  /** @throws Refusal where it is not there, or can't be started */
  command(wanted: Wanted): Command;
  /** Reads a line of its standard error. */
  hear(line: string, told: Told): void;
}
