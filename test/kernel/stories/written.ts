/** A story's folder in fixtures/: both captures, and of truth.json what the tests need (fixtures/README.md). */

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { readTruth, type Truth, type TruthConnection, type TruthEndpoint } from '../../cases/truth.ts';
import { tally } from '../../stories/count.ts';

const SIDES = ['client', 'server'] as const;
/** A capture with more bytes is compressed. */
const LARGE = 30_000;
/** Of more connections only the totals are kept. */
const MANY = 150;

type Facts = Record<string, unknown>;
type Recorded = TruthConnection & { kernel_events?: { event: string }[] };

/** @param from the scenario's folder as the rig left it */
export function writeStory(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  mkdirSync(to, { recursive: true });
  for (const side of SIDES) {
    const bytes = readFileSync(join(from, `${side}.pcap`));
    if (bytes.length > LARGE) writeFileSync(join(to, `${side}.pcap.gz`), gzipSync(bytes, { level: 9 }));
    else writeFileSync(join(to, `${side}.pcap`), bytes);
  }
  const truth = readTruth<Facts>(from);
  const facts = { ...truth.facts, ...ofTheKernels(truth) };
  writeFileSync(join(to, 'truth.json'), written({ ...truth, facts }));
}

/** What the kernels' own records add to what the scenario measured. */
function ofTheKernels({ facts, connections }: Truth<Facts>): Facts {
  const old = connections.filter(
    ({ endpoints }) => startOf(endpoints.server) < Number(facts['service_stopped_at'] ?? 0),
  );
  const waits = old.map(({ endpoints }) => endpoints.server).filter((end) => timeWaits(end).length > 0);
  const ended = waits.map((end) => end?.closed_at ?? Number.POSITIVE_INFINITY);
  const last = Math.max(...ended);
  const restart =
    waits.length === 0
      ? {}
      : {
          last_old_time_wait_ended: last,
          last_old_time_wait_conn: connections.indexOf(old[ended.indexOf(last)]!),
          old_time_waits: waits.length,
        };
  return { ...restart, open_at_end_of_observation: stillOpen(connections), summary: summaryOf(connections) };
}

function startOf(end: TruthEndpoint | null | undefined): number {
  return end?.states[0]?.t ?? Number.POSITIVE_INFINITY;
}

function timeWaits(end: TruthEndpoint | null | undefined) {
  return end?.states.filter(({ state }) => state === 'TIME_WAIT') ?? [];
}

/** Ends that are neither closed nor in TIME_WAIT; connections are counted from 0. */
function stillOpen(connections: readonly TruthConnection[]): unknown[] {
  return connections.flatMap(({ endpoints }, conn) =>
    SIDES.flatMap((side) => {
      const state = endpoints[side]?.states.at(-1)?.state ?? 'CLOSED';
      return state === 'CLOSED' || state === 'TIME_WAIT' ? [] : [{ conn, side, state }];
    }),
  );
}

/** The totals of test/stories/count.ts. */
function summaryOf(connections: readonly Recorded[]): unknown {
  const ends = connections.flatMap(({ endpoints }) => SIDES.map((side) => ({ side, end: endpoints[side] })));
  const sender = ({ client }: Recorded, endpoint: string) => (endpoint === client ? 'client' : 'server');
  const resets = connections.flatMap((each) =>
    each.label.rst_sent.map(({ endpoint, state, reason }) => `${sender(each, endpoint)}/${state}/${reason}`),
  );
  return {
    connections: connections.length,
    closer: tally(connections, ({ label }) => label.closer ?? 'None'),
    time_wait_at: tally(connections, ({ label }) => label.time_wait_at.join('+') || 'none'),
    rst_sent_by: tally(resets, (how) => how),
    connect_errors: tally(connections, ({ connect_error }) => connect_error),
    retransmits: connections.flatMap(({ kernel_events = [] }) =>
      kernel_events.filter(({ event }) => event === 'tcp_retransmit_skb'),
    ).length,
    four_tuples_used_again:
      connections.length - new Set(connections.map(({ client, server }) => `${client} ${server}`)).size,
    time_wait_ended_by: tally(ends, ({ side, end }) => {
      const why = timeWaits(end).length > 0 ? end?.states.at(-1)?.why : null;
      return why == null ? null : `${side}/${why}`;
    }),
  };
}

/** Facts to be read, connections one a line. */
export function written({ format, case: name, description, one_way_delay_ms, facts, connections }: Truth): string {
  const head = JSON.stringify({ format, case: name, description, one_way_delay_ms, facts }, null, 1);
  const kept = connections.length > MANY ? [] : connections;
  const lines = kept.map((each) => `  ${JSON.stringify(reduced(each))}`);
  return `${head.slice(0, -2)},\n "connections": [${lines.length === 0 ? '' : `\n${lines.join(',\n')}\n `}]\n}\n`;
}

function reduced({ client, server, connect_error, label, endpoints }: TruthConnection): unknown {
  const { closer, time_wait_at, rst_sent } = label;
  return {
    client,
    server,
    connect_error,
    label: {
      closer,
      time_wait_at,
      rst_sent: rst_sent.map(({ endpoint, state, reason }) => ({ endpoint, state, reason })),
    },
    endpoints: { client: reducedEnd(endpoints.client), server: reducedEnd(endpoints.server) },
  };
}

function reducedEnd(end: TruthEndpoint | null | undefined): TruthEndpoint | null {
  if (end == null) return null;
  const { states, durations, closed_at } = end;
  return {
    states: states.map(({ t, state, owned, why }) => ({
      t,
      state,
      ...(owned == null ? {} : { owned }),
      ...(why == null ? {} : { why }),
    })),
    durations,
    closed_at,
  };
}
