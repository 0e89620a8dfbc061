/**
 * What each incident's findings have to be. Names of facts stand for their values in truth.json ("summary.closer.server" for one
 * inside another), so that every capture of the same incident is held to its own measurements.
 */

import type { Finding, Side } from '../../src/report/types.ts';

/** The name of a fact, or a number as it is. */
export type Fact = string | number;

export interface Expected {
  /** one of them, where several words are right */
  rule: string | readonly string[];
  /** at least; 'info' if not given */
  severity?: Finding['severity'];
  /** "addr:port" */
  endpoint?: Fact;
  flowCount?: Fact;
  at?: Fact;
  until?: Fact;
  /** seconds by which `at` and `until` may differ; 2.2 if not given */
  within?: number;
  /** of title, because or doThis */
  says?: RegExp;
  saysNot?: RegExp;
  /** only where the capture was made there: the other end doesn't see it */
  seenBy?: Side;
  /** it needn't fire; if it does, all the rest holds */
  optional?: boolean;
}

/** Must not fire at this endpoint, whatever the severity; without one at none. */
export interface Absent {
  rule: string;
  endpoint?: Fact | undefined;
}

export interface Story {
  kind: 'stories' | 'cases';
  name: string;
  expected: readonly Expected[];
  absent?: readonly Absent[];
  /** rules that may fire besides with more than 'info'; all others mustn't */
  also?: readonly string[];
  /** the fact that holds [lowest, highest] of --port-range */
  portRange?: string;
}

/** A sentence that makes TIME_WAIT the cause. */
const BLAMES_TIME_WAIT = /\bwould explain|\bexplains\b|EADDRINUSE (?:was|is) the cause|because bind\(\) failed/i;
const NAMES_TIME_WAIT = /TIME_WAIT/;

/** A service that can't be started again for a minute. */
const BLOCKED_RESTART: readonly Expected[] = [
  {
    rule: 'restart-outage',
    severity: 'warning',
    endpoint: 'service',
    at: 'outage_from',
    until: 'outage_until',
    says: NAMES_TIME_WAIT,
  },
  {
    rule: 'bind-blocked',
    severity: 'warning',
    endpoint: 'blocked_port',
    until: 'blocked_until',
    says: /SO_REUSEADDR/,
  },
];

/** What comes along where a process dies or hangs. */
const HANGING = ['close-wait-leak', 'fin-wait-2-stuck', 'reset-data-loss', 'reset-pattern'];

export const STORIES: readonly Story[] = [
  story(
    'restart_outage',
    [...BLOCKED_RESTART, { rule: 'server-closes-first', endpoint: 'service', flowCount: 'summary.closer.server' }],
    { also: ['server-closes-first', 'refused'] },
  ),
  story(
    'restart_reuseaddr_new_only',
    [...BLOCKED_RESTART, { rule: 'server-closes-first', endpoint: 'service', flowCount: 'summary.closer.server' }],
    { also: ['server-closes-first', 'refused'] },
  ),
  story(
    'restart_outage_reuse',
    [
      {
        rule: 'restart-outage',
        endpoint: 'service',
        at: 'outage_from',
        until: 'outage_until',
        within: 0.2,
        saysNot: BLAMES_TIME_WAIT,
      },
      { rule: 'server-closes-first', endpoint: 'service', flowCount: 'summary.closer.server' },
    ],
    { also: ['restart-outage', 'server-closes-first', 'refused'] },
  ),
  story('ctrl_c', BLOCKED_RESTART, { also: ['server-closes-first', 'refused'] }),
  story('client_closes_first_restart', [], {
    absent: [
      { rule: 'bind-blocked', endpoint: 'service' },
      { rule: 'server-closes-first' },
      { rule: 'restart-outage' },
      { rule: 'time-wait-reuse' },
    ],
  }),
  story('simultaneous_pool', BLOCKED_RESTART, { also: ['refused'] }),
  story(
    'server_stopped',
    [
      // The first sign of it is the first question after it.
      { rule: 'owner-stopped', severity: 'warning', endpoint: 'service', at: 'stopped_at', within: 5 },
    ],
    { also: HANGING },
  ),
  story(
    'ctrl_z',
    [
      {
        rule: 'owner-stopped',
        severity: 'warning',
        endpoint: 'service',
        at: 'stopped_at',
        until: 'stop_ended_at',
        says: /kill|SIGSTOP|stopped/i,
      },
      { rule: 'bind-blocked', optional: true, endpoint: 'service', saysNot: BLAMES_TIME_WAIT },
    ],
    { also: [...HANGING, 'bind-blocked'] },
  ),
  story(
    'close_wait_leak',
    [
      { rule: 'close-wait-leak', severity: 'warning', endpoint: 'service', flowCount: 'leaked' },
      { rule: ['fin-wait-2-expired', 'fin-wait-2-stuck'], flowCount: 'leaked' },
    ],
    { absent: [{ rule: 'reset-data-loss' }], also: ['fin-wait-2-expired', 'fin-wait-2-stuck', 'reset-pattern'] },
  ),
  story(
    'fin_wait_2_orphans',
    [
      { rule: 'fin-wait-2-expired', flowCount: 'held_longer_than_fin_timeout' },
      { rule: 'close-wait-leak', severity: 'warning', endpoint: 'service', flowCount: 'held_longer_than_fin_timeout' },
    ],
    { also: ['fin-wait-2-expired', 'fin-wait-2-stuck', 'reset-data-loss', 'reset-pattern'] },
  ),
  story(
    'fin_wait_2_owned',
    [
      // Two of the six sent data 16 s before the capture's end: a half-close that is used is no leak yet.
      { rule: 'close-wait-leak', severity: 'warning', endpoint: 'service', flowCount: 4 },
      { rule: 'fin-wait-2-stuck', flowCount: 4 },
    ],
    { absent: [{ rule: 'fin-wait-2-expired' }], also: ['fin-wait-2-stuck'] },
  ),
  story(
    'ephemeral_exhaustion',
    [{ rule: 'ephemeral-exhaustion', severity: 'warning', at: 'outage_from', until: 'outage_until' }],
    { portRange: 'ip_local_port_range', also: ['time-wait-pileup'] },
  ),
  story(
    'privileged_ports',
    [{ rule: 'ephemeral-exhaustion', severity: 'warning', at: 'outage_from', until: 'outage_until' }],
    { portRange: 'range', also: ['time-wait-pileup'] },
  ),
  story(
    'time_wait_pileup',
    [
      { rule: 'time-wait-pileup', severity: 'warning', endpoint: 'service' },
      { rule: 'server-closes-first', endpoint: 'service', flowCount: 'summary.closer.server' },
    ],
    { absent: [{ rule: 'server-closes-first', endpoint: 'neighbour' }], also: ['server-closes-first'] },
  ),
  story(
    'middlebox_idle',
    [
      {
        rule: 'reset-pattern',
        severity: 'warning',
        endpoint: 'service',
        flowCount: 'killed',
        says: /middlebox|firewall/i,
        seenBy: 'client',
      },
      // The RSTs never came to the server, whose FINs nobody answers.
      { rule: 'reset-pattern', endpoint: 'service', flowCount: 'killed', says: /firewall/i, seenBy: 'server' },
    ],
    { also: ['reset-data-loss', 'reset-pattern'] },
  ),
  // With timestamps every SYN was taken at once: that is no trouble, and not counted here.
  story(
    'nat_port_reuse',
    [
      { rule: 'time-wait-reuse', severity: 'warning', endpoint: 'service', flowCount: 'timestamps_off.challenged' },
      { rule: 'server-closes-first', endpoint: 'service', flowCount: 'summary.closer.server' },
    ],
    { also: ['server-closes-first'] },
  ),
  story(
    'tw_killed_by_rst',
    [
      { rule: 'time-wait-killed', endpoint: 'service', flowCount: 'killed', says: /1337/, seenBy: 'server' },
      // The stray RSTs were made on the path.
      {
        rule: 'time-wait-killed',
        endpoint: 'service',
        flowCount: 'answers_to_old_data',
        says: /1337/,
        seenBy: 'client',
      },
      // Nobody tried to connect while the port was blocked: whether anything listened is not in the packets.
      // From the client's end two of the RSTs that freed it are missing, too.
      { rule: 'bind-blocked', optional: true, endpoint: 'blocked_port', until: 'blocked_until', seenBy: 'server' },
    ],
    { also: ['time-wait-killed', 'bind-blocked', 'server-closes-first'] },
  ),
  story(
    'app_crash_unread',
    [
      { rule: 'reset-data-loss', severity: 'warning', endpoint: 'service', flowCount: 'crashed' },
      // They are told of once.
      { rule: 'reset-pattern', optional: true, endpoint: 'service', flowCount: 'crashed' },
    ],
    { also: ['reset-pattern'] },
  ),
  story(
    'listener_closed_pending',
    [
      { rule: 'reset-pattern', endpoint: 'service', flowCount: 'pending' },
      // The data had been acknowledged: that nobody had read it is not in the packets.
      { rule: 'reset-data-loss', optional: true, endpoint: 'service', flowCount: 'pending_with_data' },
      {
        rule: 'restart-outage',
        endpoint: 'service',
        at: 'outage_from',
        until: 'outage_until',
        within: 0.2,
        saysNot: BLAMES_TIME_WAIT,
      },
    ],
    {
      absent: [{ rule: 'bind-blocked', endpoint: 'service' }, { rule: 'server-closes-first' }],
      also: ['reset-data-loss', 'reset-pattern', 'restart-outage', 'refused'],
    },
  ),
  story('host_dies', [{ rule: 'reset-data-loss', flowCount: 'reset_when_back' }], {
    absent: [{ rule: 'bind-blocked', endpoint: 'service' }, { rule: 'server-closes-first' }],
    also: ['reset-data-loss', 'reset-pattern'],
  }),
  story('healthy', []),

  // Single teardowns, without facts.
  recorded('client_first', []),
  recorded('client_first_v6', []),
  recorded('three_way', []),
  recorded('half_close_data', []),
  recorded('lost_final_ack', [{ rule: 'lost-final-ack', flowCount: 1 }]),
  recorded('tw_assassination', [{ rule: 'time-wait-killed', flowCount: 1, seenBy: 'client' }], {
    also: ['time-wait-killed'],
  }),
  // Taken at once: ordinary.
  recorded('tw_syn_accepted_server', []),
  recorded('refused', [{ rule: 'refused', flowCount: 1 }], { also: ['refused'] }),
  recorded('syn_unanswered', [{ rule: 'unanswered-syn', flowCount: 1, seenBy: 'client' }], {
    also: ['unanswered-syn'],
  }),
  recorded('lo_self_connect', [{ rule: 'port-collision', flowCount: 1 }], { also: ['port-collision'] }),
  recorded('orphan_fw2_timeout_data', [{ rule: 'fin-wait-2-expired', optional: true, flowCount: 1 }], {
    also: ['fin-wait-2-expired', 'reset-data-loss', 'reset-pattern'],
  }),
];

function story(
  name: string,
  expected: readonly Expected[],
  more: Omit<Partial<Story>, 'name' | 'expected'> = {},
): Story {
  return { kind: 'stories', name, expected, ...more };
}

function recorded(
  name: string,
  expected: readonly Expected[],
  more: Omit<Partial<Story>, 'name' | 'expected'> = {},
): Story {
  return { kind: 'cases', name, expected, ...more };
}
