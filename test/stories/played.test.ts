/** The stories that test/kernel plays: what their captures show of what was measured. */

import { basename, join } from 'node:path';
import { expect, it } from 'vitest';
import { runAnalysis } from '../../src/analyze.ts';
import type { Flow, Report } from '../../src/report/types.ts';
import { addressOf, capturesIn, readTruth, secondsOf } from '../cases/truth.ts';
import { idsOf, tally } from './count.ts';

const STORIES = join(import.meta.dirname, '../../fixtures/stories');

interface Refusals {
  refused_connects: number;
  outage_from: number;
  outage_until: number;
}

function story<Facts>(name: string, what: string, check: (report: Report, facts: Facts, file: string) => void): void {
  it(`${name} ${what}`, async () => {
    const folder = join(STORIES, name);
    const { facts } = readTruth<Facts>(folder);
    expect(capturesIn(folder).length).toBe(2);
    for (const file of capturesIn(folder)) check((await runAnalysis([join(folder, file)])).report, facts, file);
  });
}

function began(flow: Flow): number {
  return secondsOf(flow.firstPacket);
}

/** Nobody is answered between the first refused connect() and the one that works again. */
function expectOutage({ flows }: Report, facts: Refusals): void {
  const refused = flows.filter(({ kind }) => kind === 'refused');
  expect(refused.length).toBe(facts.refused_connects);
  expect(Math.abs(began(refused[0]!) - facts.outage_from)).toBeLessThan(0.05);
  const back = flows.find((flow) => flow.kind !== 'refused' && began(flow) > facts.outage_from);
  expect(Math.abs(began(back!) - facts.outage_until)).toBeLessThan(0.05);
}

story<{ connections_ok_before: number; service: string; service_stopped_at: number }>(
  'client_closes_first_restart',
  'leaves nothing at the service, and no port of a client is used twice',
  ({ flows }, facts) => {
    expect(flows.filter(({ endpoints }) => endpoints.server.timeWait !== null)).toEqual([]);
    expect(flows.every(({ reuse, server }) => reuse === null && addressOf(server) === facts.service)).toBe(true);
    const before = flows.filter((flow) => began(flow) < facts.service_stopped_at);
    expect(before.length).toBe(facts.connections_ok_before);
  },
);

story<{
  clients_gave_up: number;
  stop_ended_at: number;
  idle_when_stopped: number;
  stopped_at: number;
  outage_until: number;
}>('ctrl_z', 'shows handshakes during the stop, and who was reset when it ended', ({ flows }, facts) => {
  const during = flows.filter((flow) => began(flow) > facts.stopped_at && began(flow) < facts.outage_until - 0.05);
  expect(during.length).toBe(facts.clients_gave_up);
  for (const { kind, handshake, bytes, reset } of during) {
    expect({ kind, handshake, answered: bytes.server }).toEqual({
      kind: 'aborted-after-fin',
      handshake: 'complete',
      answered: 0,
    });
    expect(reset?.by).toBe('server');
    expect(Math.abs(secondsOf(reset!.at!) - facts.stop_ended_at)).toBeLessThan(0.1);
  }
  expect(idsOf({ flows } as Report, ({ initiator }) => initiator === 'server').length).toBe(facts.idle_when_stopped);
});

story<Refusals & { pending: number; pending_with_data: number; closed_at: number }>(
  'listener_closed_pending',
  'has an RST for everybody who waited, and no TIME_WAIT at the service',
  (report, facts) => {
    const cut = report.flows.filter(({ kind }) => kind === 'aborted');
    expect(cut.length).toBe(facts.pending);
    expect(cut.filter(({ bytes }) => bytes.client > 0).length).toBe(facts.pending_with_data);
    for (const { reset } of cut) expect(Math.abs(secondsOf(reset!.at!) - facts.closed_at)).toBeLessThan(0.1);
    expect(report.flows.every(({ endpoints }) => endpoints.server.timeWait === null)).toBe(true);
    expectOutage(report, facts);
  },
);

story<{ killed: number; answers_to_old_data: number; killed_at: number[]; blocked_until: number }>(
  'tw_killed_by_rst',
  'shows the RSTs that ended TIME_WAIT',
  ({ flows }, facts, file) => {
    const waits = flows.map(({ endpoints }) => endpoints.server.timeWait).filter((each) => each?.endedBy === 'rst');
    // The stray ones were made on the path: the client's capture lacks them.
    expect(waits.length).toBe(basename(file).startsWith('server') ? facts.killed : facts.answers_to_old_data);
    expect(facts.blocked_until - facts.killed_at.at(-1)!).toBeLessThan(0.2);
  },
);

story<{ range: [number, number]; ports: number; outage_from: number; outage_until: number }>(
  'privileged_ports',
  'shows every port used once, from the highest down, then silence',
  ({ flows }, facts) => {
    const before = flows.filter((flow) => began(flow) < facts.outage_from).map(({ client }) => client.port);
    const downwards = Array.from({ length: facts.ports }, (_, i) => facts.range[1] - i);
    expect(before).toEqual(downwards);
    expect(downwards.at(-1)).toBe(facts.range[0]);
    const after = flows.map(began).filter((at) => at > facts.outage_from);
    expect(Math.abs(after[0]! - facts.outage_until)).toBeLessThan(0.05);
  },
);

story<{ leaked_conns: number[]; late_data_at: number[] }>(
  'fin_wait_2_owned',
  'has both ends stay for as long as the capture goes on',
  ({ flows }, facts) => {
    const stuck = flows.filter(({ kind }) => kind === 'half-closed');
    expect(stuck.map(({ id }) => id - 1)).toEqual(facts.leaked_conns);
    for (const { endpoints } of stuck) {
      expect(endpoints.client.states.at(-1)).toMatchObject({ state: 'FIN_WAIT_2', open: true });
      expect(endpoints.server.states.at(-1)).toMatchObject({ state: 'CLOSE_WAIT', open: true });
      expect(endpoints.client.finWait2Seconds).toBeGreaterThan(100);
    }
    // Answered after 85 s, when an orphan's timer would have ended it.
    expect(stuck.filter(({ endpoints }) => endpoints.client.halfCloseBytes === 200).length).toBe(
      facts.late_data_at.length,
    );
  },
);

interface Death {
  died_at: number;
  back_at: number;
  gave_up_silently: number;
  reset_by_keepalive: number;
  reset_when_back: number;
  idle_for_ever: number;
}

story<Death>(
  'host_dies',
  'shows how the server learns of it: by keepalive, by an RST of the new system, or never',
  (report, facts, file) => {
    const causes = tally(report.flows, ({ reset }) => reset?.cause ?? null);
    const open = report.flows.filter(({ kind }) => kind === 'open');
    const atServer = basename(file).startsWith('server');
    // The dead host saw nothing of what came meanwhile.
    const unseen = atServer ? 0 : facts.reset_by_keepalive;
    expect(causes).toEqual({
      'no-such-connection': facts.reset_when_back,
      ...(atServer ? { 'keepalive-timeout': facts.reset_by_keepalive } : {}),
    });
    expect(open.length).toBe(facts.gave_up_silently + facts.idle_for_ever + unseen);
    for (const { reset } of report.flows) {
      if (reset?.cause === 'no-such-connection') expect(secondsOf(reset.at!)).toBeGreaterThan(facts.back_at);
      if (reset?.cause === 'keepalive-timeout') expect(secondsOf(reset.at!) - facts.died_at).toBeLessThan(6);
    }
    expect(report.flows.every(({ endpoints }) => endpoints.server.timeWait === null)).toBe(true);
  },
);
