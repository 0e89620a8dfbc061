/** A conversation as its ends have it, written as the two captures that were made at them. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { type ComparisonAnalysis, runComparison } from '../../src/compare.ts';
import { type CaptureForm, writeCapture } from '../scenarios/capture.ts';
import { parseScript } from '../scenarios/script.ts';

const NS: CaptureForm = { format: 'pcap', byteOrder: 'little', resolution: 'ns' };

export interface Way {
  /** one-way delays, seconds */
  toServer?: number;
  toClient?: number;
  /** server's clock minus the client's, whole microseconds, seconds */
  offset?: number;
  /** directives before the server's script: the addresses as they are there, other ISNs */
  atServer?: string;
}

/**
 * The captures of a script (fixtures/scenarios/README.md) whose times are the senders'. A line may end in `!lost` (only its
 * sender has it), `!made` (only its receiver has it), `!client` or `!server` (only that capture has it). IP
 * identifications count up by line unless they are given.
 */
export function captures(script: string, way: Way = {}): [client: Uint8Array, server: Uint8Array] {
  const { toServer = 0.01, toClient = 0.01, offset = 0, atServer = '' } = way;
  const lines: Record<'client' | 'server', Seen[]> = { client: [], server: [] };
  let names: Names = { ...NAMES };
  let id = 100;
  for (const line of script.split('\n').map((text) => text.trim())) {
    const [, time, rest, mark] = /^([\d.]+)\s+([cs] > .*?)\s*(![a-z]+)?$/.exec(line) ?? [];
    if (time === undefined || rest === undefined) {
      names = named(names, line);
      continue;
    }
    id++;
    const text = /\bipid\b/.test(rest) ? rest : `${rest} ipid ${id}`;
    const fromClient = rest.startsWith('c');
    const [sender, receiver] = fromClient ? (['client', 'server'] as const) : (['server', 'client'] as const);
    const sent = Number(time);
    const came = sent + (fromClient ? toServer : toClient);
    if (mark !== '!made' && mark !== `!${receiver}`) lines[sender].push({ at: sent, text, names });
    if (mark !== '!lost' && mark !== `!${sender}`) lines[receiver].push({ at: came, text, names });
  }
  const there = (own: Names) => atServer.split('\n').reduce(named, own);
  return [
    written(lines.client),
    written(lines.server.map(({ at, text, names: own }) => ({ at: at + offset, text, names: there(own) }))),
  ];
}

/** Directives in force, by their first word or, of ISNs, their first two. */
type Names = Record<string, string>;
const NAMES: Names = {
  client: 'client 10.0.0.1:40000',
  server: 'server 10.0.0.2:9091',
  'isn c': 'isn c 1000000',
  'isn s': 'isn s 5000000',
};

function named(names: Names, directive: string): Names {
  const key = /^(client|server|isn [cs])\b/.exec(directive.trim())?.[1];
  return key === undefined ? names : { ...names, [key]: directive.trim() };
}

/** A line in one of the captures. */
interface Seen {
  at: number;
  text: string;
  names: Names;
}

function written(lines: Seen[]): Uint8Array {
  const sorted = lines.sort((a, b) => a.at - b.at);
  const all = sorted.flatMap(({ at, text, names }) => [...Object.values(names), `${at.toFixed(6)} ${text}`]);
  return writeCapture(parseScript(all.map((text, index) => ({ number: index + 1, text }))), NS);
}

/** Compares captures that are in memory. */
export function comparer(): (client: Uint8Array, server: Uint8Array) => Promise<ComparisonAnalysis> {
  const folder = mkdtempSync(join(tmpdir(), 'teardown-compare-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  let made = 0;
  return (client, server) => {
    made++;
    const paths = [join(folder, `${made}-client.pcap`), join(folder, `${made}-server.pcap`)] as const;
    writeFileSync(paths[0], client);
    writeFileSync(paths[1], server);
    return runComparison([paths[0]], [paths[1]]);
  };
}

/** A handshake, data both ways, and a close that the client begins. */
export const CLOSED_BY_CLIENT = `
  0.0  c > s S   0:0(0)
  0.01 s > c S.  0:0(0) ack 1
  0.02 c > s .   1:1(0) ack 1
  0.1  c > s P.  1:101(100) ack 1
  0.15 s > c P.  1:301(300) ack 101
  0.2  c > s .   101:101(0) ack 301
  1.0  c > s F.  101:101(0) ack 301
  1.05 s > c .   301:301(0) ack 102
  1.5  s > c F.  301:301(0) ack 102
  1.55 c > s .   102:102(0) ack 302`;
