/**
 * Which operating system sent a SYN or SYN-ACK, by its TTL, its options and their order, and its window: as p0f does
 * (its p0f.fp is the source where no other is named), but with no more said than the packet tells.
 */

import { layoutOf, type SynLayout, windowOf } from '../decode/syn-options.ts';
import type { OsName } from './profiles.ts';

/**
 * `certain`: options, TTL and window are one system's alone; `likely`: the window decides between systems, or the others are
 * rare; `possible`: less than that, as where TTL and options are of different systems; `assumed`: nothing told.
 */
export const CERTAINTIES = ['certain', 'likely', 'possible', 'assumed'] as const;
export type Certainty = (typeof CERTAINTIES)[number];

export interface Guess {
  os: OsName;
  certainty: Certainty;
}

interface Habit {
  os: OsName;
  /** TTL with which it sends */
  ttl: number;
  /** hardly ever met */
  rare?: true;
  syn: readonly SynLayout[];
  /** an answer has no more options than it was offered */
  synAck: readonly SynLayout[];
  /** its windows, among those that tell something; null: any other */
  windows: readonly (number | null)[];
}

/** The more common one, as a server, first. An answer with an MSS alone is not among them: every system gives it. */
const HABITS: readonly Habit[] = [
  {
    os: 'linux', // tcp_syn_options(), tcp_options_write(); also with options of MPTCP or TCP Fast Open behind the others
    ttl: 64,
    syn: ['mss,sackOK,TS,nop,ws', 'mss,nop,nop,sackOK,nop,ws', 'mss,sackOK,TS,nop,ws,other'],
    synAck: [
      'mss,sackOK,TS,nop,ws',
      'mss,nop,nop,sackOK,nop,ws',
      'mss,sackOK,TS,nop,ws,other',
      'mss,sackOK,TS',
      'mss,nop,nop,TS',
      'mss,nop,nop,sackOK',
      'mss,nop,ws',
      'mss,nop,nop,TS,nop,ws',
    ],
    windows: [64240, 65160, 65535, 29200, 28960, null],
  },
  {
    os: 'windows',
    ttl: 128,
    syn: ['mss,nop,ws,nop,nop,sackOK', 'mss,nop,nop,sackOK', 'mss,nop,ws,sackOK,TS'],
    synAck: [
      'mss,nop,ws,nop,nop,sackOK',
      'mss,nop,nop,sackOK',
      'mss,nop,ws,sackOK,TS',
      'mss,sackOK,TS',
      'mss,nop,ws',
      'mss,nop,nop,TS',
      'mss,nop,ws,nop,nop,TS',
      'mss,nop,nop,TS,nop,nop,sackOK',
      'mss,nop,ws,nop,nop,TS,nop,nop,sackOK',
    ],
    windows: [65535, 64240, 8192, 16384],
  },
  {
    os: 'freebsd', // syncache_respond(), tcp_addoptions()
    ttl: 64,
    syn: ['mss,nop,ws,sackOK,TS'],
    synAck: [
      'mss,nop,ws,sackOK,TS',
      'mss,nop,ws',
      'mss,nop,ws,sackOK,eol',
      'mss,nop,ws,nop,nop,TS',
      'mss,sackOK,TS',
      'mss,sackOK,eol',
      'mss,nop,nop,TS',
    ],
    windows: [65535],
  },
  {
    os: 'macos',
    ttl: 64,
    syn: ['mss,nop,ws,nop,nop,TS,sackOK,eol'],
    synAck: [
      'mss,nop,ws,nop,nop,TS,sackOK,eol',
      'mss,nop,ws',
      'mss,sackOK,eol',
      'mss,nop,nop,TS',
      'mss,nop,ws,sackOK,eol',
      'mss,nop,ws,nop,nop,TS',
      'mss,nop,nop,TS,sackOK,eol',
    ],
    windows: [65535],
  },
  {
    os: 'freebsd', // OpenBSD, which has no profile of its own: its nearest relative
    ttl: 64,
    rare: true,
    syn: ['mss,nop,nop,sackOK,nop,ws,nop,nop,TS'],
    synAck: [
      'mss,nop,nop,sackOK,nop,ws,nop,nop,TS',
      'mss,nop,nop,sackOK,nop,ws',
      'mss,nop,ws,nop,nop,TS',
      'mss,nop,nop,sackOK,nop,nop,TS',
      'mss,nop,ws',
    ],
    windows: [],
  },
  {
    os: 'solaris', // illumos: tcp_xmit_mp_aux_iss()
    ttl: 64,
    rare: true,
    syn: ['mss,sackOK,TS,nop,ws', 'mss,nop,nop,sackOK,nop,ws'],
    synAck: [
      'sackOK,TS,mss,nop,ws',
      'mss,nop,nop,sackOK,nop,ws',
      'sackOK,TS,mss',
      'nop,nop,TS,mss',
      'nop,nop,TS,mss,nop,ws',
      'mss,nop,nop,sackOK',
    ],
    windows: [64240, null],
  },
  {
    os: 'solaris', // Solaris 8 and 10
    ttl: 64,
    rare: true,
    syn: ['mss,nop,ws,nop,nop,sackOK', 'nop,ws,nop,nop,TS,nop,nop,sackOK,mss'],
    synAck: [
      'mss,nop,ws,nop,nop,sackOK',
      'mss,nop,ws',
      'mss,nop,nop,sackOK',
      'nop,nop,TS,mss,nop,nop,sackOK',
      'nop,nop,TS,mss,nop,ws,nop,nop,sackOK',
      'nop,nop,TS,mss',
      'nop,nop,TS,mss,nop,ws',
    ],
    windows: [null],
  },
];

const TTLS = [32, 64, 128, 255] as const;

/** The TTL with which a packet set out: systems use these four, and few ways have more than 32 hops. */
export function initialTtl(ttl: number): (typeof TTLS)[number] {
  return TTLS.find((initial) => ttl <= initial) ?? 255;
}

/**
 * @param fingerprint of the segment (decode/syn-options.ts)
 * @param ttl of its sender's newest segment: only what initialTtl() makes of it matters
 * @param isAnswer whether it is a SYN-ACK
 */
export function guess(fingerprint: number, ttl: number, isAnswer: boolean): Guess {
  const layout = layoutOf(fingerprint);
  const window = windowOf(fingerprint);
  const sentWith = initialTtl(ttl);
  const knows = ({ syn, synAck }: Habit) => layout !== null && (isAnswer ? synAck : syn).includes(layout);
  const knowing = HABITS.filter(knows);
  const known = knowing.filter((habit) => habit.ttl === sentWith);
  const fitting = known.filter(({ windows }) => windows.includes(window));
  const common = fitting.filter(({ rare }) => rare !== true);
  if (fitting.length > 0) {
    if (isOne(known) && common.length > 0) return { os: known[0]!.os, certainty: 'certain' };
    if (common.length > 0) return { os: common[0]!.os, certainty: isOne(common) ? 'likely' : 'possible' };
    return { os: fitting[0]!.os, certainty: isOne(knowing) ? 'likely' : 'possible' };
  }
  // The window or the TTL is not what such a system sends.
  if (known.length > 0) return { os: known[0]!.os, certainty: 'possible' };
  const usual = isOne(knowing) ? knowing : knowing.filter(({ rare }) => rare !== true);
  if (isOne(usual)) return { os: usual[0]!.os, certainty: 'possible' };
  return sentWith === 128 ? { os: 'windows', certainty: 'possible' } : { os: 'linux', certainty: 'assumed' };
}

/** What guess() is told, in words: "SYN with TTL 128, window 64240, options mss,nop,ws,nop,nop,sackOK". */
export function evidenceWords(fingerprint: number, ttl: number, isAnswer: boolean): string {
  const window = windowOf(fingerprint);
  const options = layoutOf(fingerprint);
  return [
    `${isAnswer ? 'SYN-ACK' : 'SYN'} with TTL ${ttl}`,
    ...(window === null ? [] : [`window ${window}`]),
    options === null ? 'options cut off or in no known order' : `options ${options}`,
  ].join(', ');
}

/** Whether all are of one system. */
function isOne(habits: readonly Habit[]): boolean {
  return habits.length > 0 && habits.every(({ os }) => os === habits[0]!.os);
}
