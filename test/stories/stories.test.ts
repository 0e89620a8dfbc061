/** Longer incidents between real sockets: do the totals say what truth.json measured? */

import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Analysis, runAnalysis } from '../../src/analyze.ts';
import { textReport } from '../../src/output/text.ts';
import type { Flow, Report } from '../../src/report/types.ts';
import { addressOf, capturesIn, readTruth, secondsOf } from '../cases/truth.ts';
import { STORIES as SCENARIOS } from '../kernel/stories/index.ts';
import { itShared } from '../support/shared.ts';
import { closers, type Facts, idsOf, resets, resetsOfKernels, tally, timeWaits } from './count.ts';

const ROOT = join(import.meta.dirname, '../..');
const STORIES = join(ROOT, 'fixtures/stories');
/** Played by test/kernel: the shared folder has none of them. */
const MADE_HERE = SCENARIOS.map(({ name }) => name);
/** The demo is this story at the server. */
const DEMO = join(ROOT, 'fixtures/demo/restart-outage.pcap');

/** Stories with RSTs that ended no flow: a test of its own says what they did. */
const OTHER_RESETS = ['fin_wait_2_orphans', 'tw_killed_by_rst'];

/** Tests a story at each point where it was captured. */
type Check<More> = (report: Report, facts: Facts & More, file: string) => void;

async function checkEach<More>(folder: string, check: Check<More>): Promise<void> {
  const { facts } = readTruth<Facts & More>(folder);
  for (const file of capturesIn(folder)) check((await runAnalysis([join(folder, file)])).report, facts, file);
}

/** A story in fixtures/: always tested, and at both its ends where the shared folder is there. */
function story<More>(name: string, what: string, check: Check<More>): void {
  if (existsSync(join(STORIES, name))) it(what, () => checkEach(join(STORIES, name), check));
  if (MADE_HERE.includes(name)) return;
  itShared(`${what} (shared)`, ['stories', name], (folder) => checkEach(folder, check));
}

function seconds(flow: Flow): number {
  return secondsOf(flow.firstPacket);
}

describe.each([
  'app_crash_unread',
  'client_closes_first_restart',
  'close_wait_leak',
  'ctrl_c',
  'ctrl_z',
  'ephemeral_exhaustion',
  'fin_wait_2_orphans',
  'fin_wait_2_owned',
  'healthy',
  'listener_closed_pending',
  'privileged_ports',
  'restart_outage',
  'restart_outage_reuse',
  'restart_reuseaddr_new_only',
  'server_stopped',
  'simultaneous_pool',
  'time_wait_pileup',
  'tw_killed_by_rst',
])('%s', (name) => {
  story(name, 'has the totals of the kernels', (report, facts) => {
    expect(report.totals.flows).toBe(facts.summary.connections);
    expect(closers(report)).toEqual(facts.summary.closer);
    expect(timeWaits(report)).toEqual(facts.summary.time_wait_at);
    if (!OTHER_RESETS.includes(name)) expect(resets(report)).toEqual(resetsOfKernels(facts));
  });
});

interface Outage {
  refused_connects: number;
  outage_from: number;
  outage_until: number;
  old_time_waits: number;
  last_old_time_wait_ended: number;
}

/** A flow's TIME_WAIT at the server: the earliest and the latest end that we project. */
function ends(flow: Flow): [number, number] | null {
  const { timeWait } = flow.endpoints.server;
  return timeWait === null ? null : [secondsOf(timeWait.until), secondsOf(timeWait.untilLatest)];
}

describe.each(['ctrl_c', 'restart_outage', 'restart_reuseaddr_new_only', 'simultaneous_pool'])('%s', (name) => {
  story<Outage>(name, 'shows the outage and the TIME_WAITs that it waited for', (report, facts) => {
    const refused = report.flows.filter(({ kind }) => kind === 'refused');
    expect(refused.length).toBe(facts.refused_connects);
    // The SYN leaves with connect(); a pool may still have tried its old connection first.
    expect(seconds(refused[0]!) - facts.outage_from).toBeGreaterThan(0);
    expect(seconds(refused[0]!) - facts.outage_from).toBeLessThan(0.05);
    const back = report.flows.find((flow) => flow.kind !== 'refused' && seconds(flow) > facts.outage_from);
    expect(Math.abs(seconds(back!) - facts.outage_until)).toBeLessThan(0.05);

    const old = report.flows.filter((flow) => seconds(flow) < facts.outage_from).map(ends);
    const waits = old.filter((each) => each !== null);
    expect(waits.length).toBe(facts.old_time_waits);
    expect(facts.last_old_time_wait_ended).toBeGreaterThan(Math.max(...waits.map(([until]) => until)));
    expect(facts.last_old_time_wait_ended).toBeLessThan(Math.max(...waits.map(([, latest]) => latest)));
  });
});

describe('close_wait_leak', () => {
  interface Leak {
    leaked: number;
    /** connections counted from 0 */
    leaked_conns: number[];
    killed_at: number;
    leaks?: { conn: number; close_wait_s: number }[];
  }

  story<Leak>('close_wait_leak', 'shows which sockets leaked, and how long each was in CLOSE_WAIT', (report, facts) => {
    const leaked = idsOf(report, ({ endpoints }) => (endpoints.server.closeWaitSeconds ?? 0) > 60);
    expect(leaked).toEqual(facts.leaked_conns.map((conn) => conn + 1));
    for (const { conn, close_wait_s } of facts.leaks ?? []) {
      expect(report.flows[conn]!.endpoints.server.closeWaitSeconds).toBeCloseTo(close_wait_s, 2);
    }
    for (const id of leaked) {
      const { endpoints, reset, notes } = report.flows[id - 1]!;
      // SIGKILL sends the FIN; the client's FIN_WAIT_2 had expired by then, and nobody saw when.
      expect(secondsOf(endpoints.server.finAt!) - facts.killed_at).toBeLessThan(0.05);
      expect(endpoints.client.finWait2Seconds).toBeNull();
      expect(notes).toContain('fin-wait-2-expired');
      expect(reset).toMatchObject({ by: 'client', cause: 'no-such-connection' });
    }
  });
});

describe('fin_wait_2_orphans', () => {
  story<{ held_longer_than_fin_timeout: number }>(
    'fin_wait_2_orphans',
    'tells orphans that expired from those that data ended',
    (report, facts) => {
      const expired = idsOf(report, ({ notes }) => notes.includes('fin-wait-2-expired'));
      expect(expired.length).toBe(facts.held_longer_than_fin_timeout);
      expect(expired.length).toBe(facts.summary.rst_sent_by['client/UNKNOWN/NO_SOCKET']);
      const byData = report.flows.filter(({ id, reset }) => reset !== null && !expired.includes(id));
      expect(byData.length).toBe(facts.summary.rst_sent_by['client/TIME_WAIT/TCP_TIMEWAIT_SOCKET']);
      for (const { reset, endpoints } of byData) {
        expect(reset).toMatchObject({ by: 'client', cause: 'data-after-close' });
        expect(endpoints.client.finWait2Seconds).toBeCloseTo(20, 0);
      }
      expect(resets(report)).toEqual(resetsOfKernels(facts));
    },
  );
});

describe('nat_port_reuse', () => {
  interface Half {
    connections: number;
    reused_source_port: number;
    taken_at_once: number;
    challenged: number;
  }

  story<{ timestamps_on: Half; timestamps_off: Half }>(
    'nat_port_reuse',
    'shows how each SYN into TIME_WAIT was answered',
    (report, { timestamps_on: on, timestamps_off: off, summary }) => {
      const reused = report.flows.filter(({ reuse }) => reuse?.inTimeWait === true);
      expect(tally(reused, ({ reuse }) => reuse!.outcome)).toEqual({
        accepted: on.taken_at_once + off.taken_at_once,
        challenged: on.challenged + off.challenged,
      });
      expect(reused.length).toBe(on.reused_source_port + off.reused_source_port);
      const endedBy = tally(report.flows, ({ endpoints }) => endpoints.server.timeWait?.endedBy ?? null);
      expect(endedBy).toEqual({
        reuse: on.taken_at_once + off.taken_at_once,
        rst: on.challenged + off.challenged,
        'capture-end': summary.time_wait_ended_by['server/expired'],
      });
    },
  );
});

describe('time_wait_pileup', () => {
  story<{
    time_wait_peak_server: number;
    time_wait_peak_client: number;
    neighbour: string;
    neighbour_connections: number;
  }>('time_wait_pileup', 'counts the sockets in TIME_WAIT as ss did', (report, facts) => {
    expect(report.totals.timeWait.peak).toBe(facts.time_wait_peak_server + facts.time_wait_peak_client);
    const neighbours = report.flows.filter(({ server }) => addressOf(server) === facts.neighbour);
    expect(closers({ ...report, flows: neighbours })).toEqual({ client: facts.neighbour_connections });
    const replaced = report.flows.filter(({ endpoints }) => endpoints.server.timeWait?.endedBy === 'reuse');
    expect(replaced.length).toBe(facts.summary.time_wait_ended_by['server/killed']);
  });
});

describe('ephemeral_exhaustion', () => {
  story<{ ports: number; outage_from: number; outage_until: number }>(
    'ephemeral_exhaustion',
    'shows every port used once, then silence',
    (report, facts) => {
      expect(new Set(report.flows.map(({ client }) => client.port)).size).toBe(facts.ports);
      const during = report.flows.map(seconds).filter((at) => at > facts.outage_from && at < facts.outage_until);
      expect(during).toEqual([]);
      expect(report.totals.timeWait.peak).toBe(facts.ports);
      expect(report.flows.some(({ reuse }) => reuse?.inTimeWait === true)).toBe(false);
    },
  );
});

describe('simultaneous_pool', () => {
  story<{ both_in_time_wait: number }>('simultaneous_pool', 'has TIME_WAIT at both ends', (report, facts) => {
    const both = report.flows.filter(({ kind }) => kind === 'simultaneous');
    expect(both.length).toBe(facts.both_in_time_wait);
    for (const { endpoints } of both) {
      expect([endpoints.client.role, endpoints.server.role]).toEqual(['simultaneous-closer', 'simultaneous-closer']);
    }
  });
});

describe('server_stopped', () => {
  story<{ clients_gave_up: number; stop_ended_at: number }>(
    'server_stopped',
    'shows clients that wait for a FIN until the process is killed',
    (report, facts) => {
      const waited = report.flows.filter(({ kind }) => kind === 'aborted-after-fin');
      expect(waited.length).toBe(facts.clients_gave_up);
      for (const { reset, endpoints } of waited) {
        expect(reset?.by).toBe('server');
        expect(Math.abs(secondsOf(reset!.at!) - facts.stop_ended_at)).toBeLessThan(0.1);
        expect(endpoints.client.finWait2Seconds).toBeGreaterThan(10);
      }
    },
  );
});

describe('app_crash_unread', () => {
  story<{ crashed_conns: number[] }>('app_crash_unread', 'shows which connections the crash cut', (report, facts) => {
    const cut = idsOf(report, ({ kind }) => kind === 'aborted');
    expect(cut).toEqual(facts.crashed_conns.map((conn) => conn + 1));
    // Data that had been acknowledged may have been read: the packets prove it unread for some, and deny it for none.
    const causes = report.flows.filter(({ id }) => cut.includes(id)).map(({ reset }) => reset?.cause);
    expect(causes).toContain('unread-data');
    expect(causes.filter((cause) => cause !== 'unread-data' && cause !== 'unknown')).toEqual([]);
  });
});

describe('middlebox_idle', () => {
  story<{ killed: number; survived: number }>('middlebox_idle', 'shows the forged RSTs', (report, facts, file) => {
    const suspected = report.flows.filter(({ reset }) => reset?.cause === 'middlebox-suspected');
    const atClient = basename(file).startsWith('client');
    expect(suspected.length).toBe(atClient ? facts.killed : 0);
    // At the server the same connections are closed after its idle time, and nobody answers.
    const unanswered = report.flows.filter(({ kind }) => kind === 'half-closed');
    expect(unanswered.length).toBe(atClient ? 0 : facts.killed);
    for (const { initiator } of unanswered) expect(initiator).toBe('server');
  });
});

describe('healthy', () => {
  story('healthy', 'has nothing but orderly closes', ({ totals, flows, capture }) => {
    expect(totals.byKind).toEqual({ graceful: flows.length });
    expect(capture.duplicates).toBe(0);
    expect(flows.filter(({ notes, reuse }) => notes.length > 0 || reuse !== null)).toEqual([]);
  });
});

describe('the summary as text', () => {
  it.each([
    ['restart_outage', DEMO],
    ['close_wait_leak', join(STORIES, 'close_wait_leak/client.pcap')],
    ['fin_wait_2_orphans', join(STORIES, 'fin_wait_2_orphans/client.pcap')],
    ['nat_port_reuse', join(STORIES, 'nat_port_reuse/server.pcap')],
  ])('of %s is what somebody last read and found good', async (name, capture) => {
    const { report, services }: Analysis = await runAnalysis([capture]);
    const text = textReport(report, { color: false, width: 100, verbose: false, services });
    await expect(text).toMatchFileSnapshot(join(ROOT, `reports/cases-${name}.txt`));
  });
});
