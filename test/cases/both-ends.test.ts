/**
 * Both captures of a real connection, made at its client and at its server and read as one: what each alone says the two say
 * together. Nothing was sent again because both hosts have seen it.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { analyze } from '../../src/analyze.ts';
import type { Flow } from '../../src/report/types.ts';
import { itShared } from '../support/shared.ts';

/** Seconds: what a report says of a far end is right to within the path's jitter. */
const JITTER = 0.005;
/** Each of its captures lacks a direction: together they know what neither does. */
const ONE_SIDED = 'one_sided';
const DURATIONS = [
  'finWait1Seconds',
  'finWait2Seconds',
  'closingSeconds',
  'closeWaitSeconds',
  'lastAckSeconds',
] as const;
const SIDES = ['client', 'server'] as const;

const keyOf = ({ client, server }: Flow) => `${client.address}:${client.port} ${server.address}:${server.port}`;

/** By 4-tuple, in their order. */
function byTuple(flows: readonly Flow[]): Map<string, Flow[]> {
  const map = new Map<string, Flow[]>();
  for (const flow of flows) map.set(keyOf(flow), [...(map.get(keyOf(flow)) ?? []), flow]);
  return map;
}

/** What does not depend on where a connection is captured. */
function story({ kind, closeShape, initiator, handshake, history, connState, reset, notes, endpoints }: Flow) {
  const ends = SIDES.map((side) => {
    const { role, states, finRetransmissions, timeWait } = endpoints[side];
    return { role, states: states.map(({ state }) => state), finRetransmissions, restarts: timeWait?.restarts ?? null };
  });
  const told = notes.filter((note) => note !== 'duplicates').join();
  const resets = [reset?.by, reset?.cause, reset?.ignored].join();
  return {
    kind,
    closeShape,
    initiator,
    handshake,
    history,
    connState,
    resets,
    notes: told,
    ends: JSON.stringify(ends),
  };
}

/** What both say and the two together don't. */
function contradictions(together: Flow, client: Flow, server: Flow): string[] {
  const [all, one, other] = [story(together), story(client), story(server)];
  const names = Object.keys(all) as (keyof typeof all)[];
  const wrong = names
    .filter((name) => one[name] === other[name] && all[name] !== one[name])
    .map((name) => `${together.id} ${name}: ${one[name]} became ${all[name]}`);
  for (const side of SIDES) {
    for (const name of DURATIONS) {
      const [a, b, both] = [client, server, together].map(({ endpoints }) => endpoints[side][name]) as [
        number,
        number,
        number,
      ];
      if (a === null || b === null || Math.abs(a - b) > JITTER) continue;
      if (both === null || Math.abs(both - a) > JITTER)
        wrong.push(`${together.id} ${side} ${name}: ${a}, ${b}: ${both}`);
    }
  }
  return wrong;
}

async function compareIn(folder: string): Promise<{ wrong: string[]; flows: number }> {
  const [client, server] = SIDES.map((side) => join(folder, `${side}.pcap`));
  const [one, other, both] = [await analyze([client!]), await analyze([server!]), await analyze([client!, server!])];
  expect(await analyze([client!, server!], { kernel: false })).toEqual(both);
  const [ones, others] = [byTuple(one.flows), byTuple(other.flows)];
  let flows = 0;
  const wrong: string[] = [];
  for (const [key, together] of byTuple(both.flows)) {
    const [as, bs] = [ones.get(key) ?? [], others.get(key) ?? []];
    if (as.length !== bs.length) continue;
    if (together.length !== as.length) wrong.push(`${key}: ${as.length} flows became ${together.length}`);
    else {
      flows += as.length;
      together.forEach((flow, n) => void wrong.push(...contradictions(flow, as[n]!, bs[n]!)));
    }
  }
  return { wrong, flows };
}

function pairsIn(root: string): string[] {
  const hasBoth = (name: string) => SIDES.every((side) => existsSync(join(root, name, `${side}.pcap`)));
  return readdirSync(root).filter((name) => name !== ONE_SIDED && name !== 'big' && hasBoth(name));
}

describe('the captures of both ends together say what each says', () => {
  it.each(pairsIn('fixtures/cases'))('%s', async (name) => {
    expect((await compareIn(join('fixtures/cases', name))).wrong).toEqual([]);
  });

  for (const part of ['cases', 'stories']) {
    itShared(`in all shared ${part}`, [part], async (root) => {
      const wrong: string[] = [];
      let flows = 0;
      for (const name of pairsIn(root)) {
        const compared = await compareIn(join(root, name));
        flows += compared.flows;
        wrong.push(...compared.wrong.map((what) => `${name}: ${what}`));
      }
      expect(wrong).toEqual([]);
      expect(flows).toBeGreaterThan(300);
    });
  }
});

it('two halves of a connection, one from each end, are the whole', async () => {
  const folder = join('fixtures/cases', ONE_SIDED);
  const { flows } = await analyze(SIDES.map((side) => join(folder, `${side}.pcap`)));
  expect(flows.map(({ notes }) => notes)).toEqual(flows.map(() => []));
  expect(flows.slice(0, 2).map(({ kind, initiator }) => [kind, initiator])).toEqual([
    ['graceful', 'client'],
    ['graceful', 'client'],
  ]);
});

/** A little-endian pcap of microseconds, by another clock. */
function byAnotherClock(bytes: Buffer, micros: number): Buffer {
  const moved = Buffer.from(bytes);
  for (let at = 24; at < moved.length; at += 16 + moved.readUInt32LE(at + 8)) {
    const time = moved.readUInt32LE(at) * 1e6 + moved.readUInt32LE(at + 4) + micros;
    moved.writeUInt32LE(Math.floor(time / 1e6), at);
    moved.writeUInt32LE(time % 1e6, at + 4);
  }
  return moved;
}

describe('clocks that differ by less than a second do not turn copies into repetitions', () => {
  const folder = mkdtempSync(join(tmpdir(), 'teardown-clocks-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  it.each([-900_000, -30_000, -10_000, 10_000, 30_000, 900_000])('%i us', async (micros) => {
    const [client, server] = SIDES.map((side) => join('fixtures/cases/compare_20ms', `${side}.pcap`));
    const moved = join(folder, `${micros}.pcap`);
    writeFileSync(moved, byAnotherClock(readFileSync(server!), micros));
    const whole = await analyze([client!]);
    const both = await analyze([client!, moved]);
    expect(both.capture.duplicates).toBe(whole.capture.packets);
    const stories = (flows: Flow[]) =>
      flows.map(story).map(({ kind, initiator, notes, ends }) => [kind, initiator, notes, ends]);
    expect(stories(both.flows)).toEqual(stories(whole.flows));
  });
});
