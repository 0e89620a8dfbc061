/** Both captures of real teardowns, joined, against what the two kernels and the relay between them recorded. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compare } from '../../src/compare.ts';
import type { Flow, Report } from '../../src/report/types.ts';
import { differences } from '../cases/compare.ts';
import {
  addressOf,
  casesIn,
  type NetworkEvent,
  readTruth,
  secondsOf,
  type Truth,
  type TruthConnection,
} from '../cases/truth.ts';
import { itShared } from '../support/shared.ts';
import { comparer } from './path.ts';
import { type Ipv4Tcp, rewritten } from './rewrite.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures');
const COMPARE_20MS = join(FIXTURES, 'cases/compare_20ms');
const SIDES = ['client', 'server'] as const;
const CLOSING = ['FIN_WAIT_1', 'FIN_WAIT_2', 'CLOSING', 'TIME_WAIT', 'CLOSE_WAIT', 'LAST_ACK'];
/** Captures that hold less than the truth on purpose. */
const CUT = ['mid_', 'capture_', 'one_sided', 'timing_', 'snap'];
/** The kernels' own times differ from the captures' by this much on a busy machine, seconds. */
const SLACK = 0.005;

/** Where the joined report differs from the truth, and why: no more and no fewer. */
const KNOWN: Record<string, Record<string, string>> = {
  link_down_data: {
    '6 toServer too many': 'the link was down: the relay never had what the client sent again and again',
  },
  tw_fin_restart: { '1 toClient too few': 'the RST was sent after the last packet of the other capture' },
  timing_tw: { '1 toClient too few': 'the last RST was sent after the last packet of the other capture' },
  timing_tw_rfc1337: { '1 toClient too few': 'the last RST was sent after the last packet of the other capture' },
};

function tally(all: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const each of all) counts.set(each, (counts.get(each) ?? 0) + 1);
  return [...counts].map(([each, n]) => `${n} ${each}`).sort();
}

function byTuple<T>(all: readonly T[], tupleOf: (each: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const each of all) groups.set(tupleOf(each), [...(groups.get(tupleOf(each)) ?? []), each]);
  return groups;
}

/** Of 4-tuples that were used once: the flow and what the kernels say of it. */
function* once(truth: Truth, report: Report): Generator<[Flow, TruthConnection]> {
  const flows = byTuple(report.flows, ({ client, server }) => `${addressOf(client)} ${addressOf(server)}`);
  for (const [tuple, kernels] of byTuple(truth.connections, ({ client, server }) => `${client} ${server}`)) {
    const own = flows.get(tuple) ?? [];
    if (kernels.length === 1 && own.length === 1) yield [own[0]!, kernels[0]!];
  }
}

/** Entries of closing states that are farther from the kernels' than the clocks' bound. */
function entries(truth: Truth, report: Report): string[] {
  const wrong: string[] = [];
  for (const [flow, kernel] of once(truth, report)) {
    for (const side of SIDES) {
      for (const { state, t } of kernel.endpoints[side]?.states ?? []) {
        const span = flow.endpoints[side].states.find((each) => each.state === state);
        const first = kernel.endpoints[side]?.states.find((each) => each.state === state)?.t === t;
        if (!CLOSING.includes(state) || span === undefined || !first || flow.notes.includes('fin-behind-data'))
          continue;
        const off = Math.abs(secondsOf(span.from) - t);
        if (off > (flow.comparison?.plusMinus ?? 0) + SLACK) wrong.push(`entry ${side} ${state}`);
      }
    }
  }
  return wrong;
}

/** Losses by connection against what the relay dropped. */
function losses(report: Report, events: readonly NetworkEvent[]): string[] {
  const wrong: string[] = [];
  const gone = events.filter(({ act }) => act === 'drop' || act === 'cut');
  const dropped = byTuple(gone, ({ dir, sp, dp }) => (dir === 'c2s' ? `toServer ${sp}` : `toClient ${dp}`));
  for (const [port, flows] of byTuple(report.flows, ({ client }) => String(client.port))) {
    for (const way of ['toServer', 'toClient'] as const) {
      const expected = dropped.get(`${way} ${port}`)?.length ?? 0;
      const lost = flows.reduce((sum, flow) => sum + (flow.comparison?.lost[way] ?? 0), 0);
      for (let i = expected; i < lost; i++) wrong.push(`${way} too many`);
      for (let i = lost; i < expected; i++) wrong.push(`${way} too few`);
    }
  }
  return wrong;
}

/** Who sent the RSTs, against the kernels' tracepoints and the relay's injections. */
function resets(truth: Truth, report: Report, events: readonly NetworkEvent[]): string[] {
  const wrong: string[] = [];
  for (const [flow, kernel] of once(truth, report)) {
    const origin = flow.comparison?.resetOrigin ?? null;
    if (origin === null) continue;
    const { port } = flow.client;
    const made = events.some(
      ({ act, flags, sp, dp }) => act === 'inject' && flags.includes('R') && (sp === port || dp === port),
    );
    const senders = kernel.label.rst_sent.map(({ endpoint }) => endpoint);
    // The relay had it too, where the kernel sent it without a socket.
    const dropped = events.some(
      ({ act, flags, dir, sp, dp }) =>
        act === 'drop' && flags.includes('R') && dir[0] === origin[0] && (sp === port || dp === port),
    );
    const right = origin === 'path' ? made : dropped || senders.includes(addressOf(flow[origin]));
    if (!right) wrong.push(`origin ${origin}`);
  }
  return wrong;
}

async function examine(folder: string): Promise<string[]> {
  const truth = readTruth(folder);
  const report = await compare(join(folder, 'client.pcap'), join(folder, 'server.pcap'));
  const found = differences(truth, 'both', report).map(({ aspect, endpoint, state }) =>
    [aspect, endpoint, state].join(' '),
  );
  const cut = CUT.some((prefix) => truth.case.startsWith(prefix));
  // Those in fixtures/ come without what the relay did.
  const events = truth.network_events;
  const ofTheRelay = events === undefined ? [] : [...losses(report, events), ...resets(truth, report, events)];
  return tally([...found, ...(cut ? [] : entries(truth, report)), ...ofTheRelay]);
}

function pairsIn(folder: string): string[] {
  return casesIn(folder).filter(
    (name) => existsSync(join(folder, name, 'client.pcap')) && existsSync(join(folder, name, 'server.pcap')),
  );
}

describe.each(['cases', 'stories'])('fixtures/%s', (kind) => {
  const folder = join(FIXTURES, kind);
  it.each(pairsIn(folder))('%s is joined as the kernels and the relay saw it', async (name) => {
    const known = Object.keys(KNOWN[name] ?? {}).filter((each) => !/ to(Server|Client) /.test(each));
    expect(await examine(join(folder, name))).toEqual(known);
  });
});

describe.each(['cases', 'stories'])('shared %s', (kind) => {
  itShared('are all joined as the kernels and the relay saw them', [kind], async (folder) => {
    const found: Record<string, string[]> = {};
    const names = pairsIn(folder);
    expect(names.length).toBeGreaterThan(10);
    for (const name of names) {
      const differing = await examine(join(folder, name));
      if (differing.length > 0) found[name] = differing;
    }
    const known = Object.entries(KNOWN).filter(([name]) => names.includes(name));
    expect(found).toEqual(Object.fromEntries(known.map(([name, reasons]) => [name, Object.keys(reasons)])));
  });
});

const compared = comparer();
const bytesIn = (folder: string) =>
  [readFileSync(join(folder, 'client.pcap')), readFileSync(join(folder, 'server.pcap'))] as const;

/** Clients behind another address and other ports, with identifications of its own. */
function translate(server: number): (packet: Ipv4Tcp) => void {
  let id = 1;
  return (packet) => {
    const end = packet.ports[0] === server ? 1 : 0;
    packet.setAddress(end, 0xc6336407);
    packet.setPort(end, packet.ports[end]! ^ 0x1234);
    packet.setId(++id & 0xffff);
    packet.shortenLife();
  };
}

/** All that does not follow from where and when the server's capture was made. */
function essence({ flows }: Report): unknown[] {
  return flows.map(({ kind, closeShape, initiator, endpoints, comparison, client }) => ({
    ...{ kind, closeShape, initiator, client, lost: comparison?.lost },
    states: SIDES.map((side) => endpoints[side].states.map(({ state }) => state)),
  }));
}

describe('real captures', () => {
  it('of another clock and behind an address translation say the same', async () => {
    const [client, server] = bytesIn(COMPARE_20MS);
    const plain = await compared(client, server);
    const port = plain.report.flows[0]!.server.port;
    const moved = await compared(client, rewritten(server, { offset: 3.2, ppm: 50, packet: translate(port) }));
    expect(moved.comparison).toMatchObject({ joined: 72, onlyClient: 0, onlyServer: 0 });
    expect(essence(moved.report)).toEqual(essence(plain.report));
    const { offsetSeconds, plusMinus } = moved.comparison;
    expect(Math.abs(offsetSeconds! - 3.2)).toBeLessThan(plusMinus!);
    // Moved back, every time is what it was within the bound of the clocks.
    for (const [i, flow] of plain.report.flows.entries()) {
      for (const [j, span] of flow.endpoints.server.states.entries()) {
        const other = moved.report.flows[i]!.endpoints.server.states[j]!;
        expect(Math.abs(secondsOf(other.from) - secondsOf(span.from))).toBeLessThan(0.0005);
      }
    }
  });

  itShared('of a minute tell the drift', ['stories', 'close_wait_leak'], async (folder) => {
    const [client, server] = bytesIn(folder);
    const { comparison, report } = await compared(client, rewritten(server, { offset: -3600.25, ppm: 50 }));
    expect(Math.abs(comparison.driftPpm! - 50)).toBeLessThan(2);
    for (const flow of report.flows) {
      // The offset is that at the flow's first packet.
      const began = secondsOf(flow.firstPacket) - secondsOf(report.capture.firstPacket!);
      const error = flow.comparison!.offsetSeconds! - (-3600.25 + (began * 50) / 1e6);
      expect(Math.abs(error)).toBeLessThan(flow.comparison!.plusMinus!);
    }
  });

  it('behind a firewall that changes the clients’ sequence numbers lose nothing', async () => {
    const [client, server] = bytesIn(COMPARE_20MS);
    const port = (await compared(client, server)).report.flows[0]!.server.port;
    const { comparison } = await compared(
      client,
      rewritten(server, {
        packet: (packet) => {
          const fromClient = packet.ports[1] === port;
          const shift = Math.imul(packet.ports[fromClient ? 0 : 1], 0x9e3779b1);
          if (fromClient) packet.addTo(0, shift);
          else if (packet.acknowledges) packet.addTo(1, shift);
        },
      }),
    );
    expect(comparison).toMatchObject({ joined: 72, onlyClient: 0, onlyServer: 0, lost: { toServer: 0, toClient: 0 } });
  });

  it('are the same read at once and in rounds', async () => {
    const paths = [join(COMPARE_20MS, 'client.pcap'), join(COMPARE_20MS, 'server.pcap')] as const;
    const atOnce = await compare(...paths);
    expect(await compare(...paths, { segmentsAtOnce: 40 })).toEqual(atOnce);
    // Connections of more segments than there is room for: nothing is said of their losses.
    const little = await compare(...paths, { segmentsAtOnce: 5 });
    expect(new Set(little.flows.map(({ comparison }) => comparison?.lost.toServer))).toEqual(new Set([null]));
  });

  it('named in the wrong order are noticed', async () => {
    const [client, server] = bytesIn(COMPARE_20MS);
    expect((await compared(server, client)).comparison.exchanged).toBe(true);
    expect((await compared(client, server)).comparison.exchanged).toBe(false);
  });
});
