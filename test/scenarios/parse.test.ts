import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Report } from '../../src/report/types.ts';
import { parseExpectation } from './expectation.ts';
import { parseScenario } from './parse.ts';
import { type Line, parseScript } from './script.ts';

function lines(text: string): Line[] {
  return text.split('\n').map((line, i) => ({ number: i + 1, text: line.trim() }));
}

describe('a scenario file', () => {
  const FOLDER = new URL('../../fixtures/scenarios/', import.meta.url);
  const files = readdirSync(FOLDER).filter((name) => name.endsWith('.md') && name !== 'README.md');

  test.each(files)('%s is well formed', (file) => {
    const scenario = parseScenario(readFileSync(new URL(file, FOLDER), 'utf8'));
    expect(scenario.title).not.toBe('');
    expect(scenario.prose.split(/[.:] /).length).toBeGreaterThanOrEqual(2);
    expect(scenario.script.packets[0]?.time).toBe(0);
  });

  test('errors name the line of the file', () => {
    const text = '# T\n\nProse.\n\n```script\n0 c > s S 0:0(0)\n0 s > c S. 0:0(0)\n```\n\n```expect\nkind open\n```\n';
    expect(() => parseScenario(text)).toThrow("line 7: '.' among the flags and 'ack' go together");
    expect(() => parseScenario('# T\n\nProse.\n')).toThrow(/'script' or 'expect' is missing/);
    expect(() => parseScenario('# T\n\n```bash\n```\n')).toThrow('line 3');
  });
});

describe('the packet script', () => {
  test('times are absolute, or relative to the line before', () => {
    const { packets } = parseScript(lines('0.5 c > s S 0:0(0)\n+0.010 s > c S. 0:0(0) ack 1\n2 c > s . 1:1(0) ack 1'));
    expect(packets.map((p) => p.time)).toEqual([500_000_000, 510_000_000, 2_000_000_000]);
  });

  test('sequence numbers count from the ISN and wrap', () => {
    const { packets } = parseScript(
      lines('isn c 4294967295\n0 c > s S 0:0(0)\n0 s > c S. 0:0(0) ack 1\n0 c > s . 1:1(0) ack 1'),
    );
    expect(packets.map((p) => p.seq)).toEqual([4_294_967_295, 5_000_000, 0]);
    expect(packets.map((p) => p.ack)).toEqual([0, 0, 5_000_001]);
  });

  test('attributes, options and a second copy', () => {
    const script =
      'link sll2\n1 0 c > s S 0:0(0) win 1000 <mss 1400, ts 100 0, wscale 7> ttl 63 ipid 9 dup 0.000002\n3 1 c > s S 0:0(0) <>';
    const [first, copy, bare] = parseScript(lines(script)).packets;
    expect(first).toMatchObject({ window: 1000, ttl: 63, ipId: 9, iface: 0, time: 0, flags: 2 });
    expect(first?.options).toEqual([2, 4, 5, 120, 8, 10, 0, 0, 0, 100, 0, 0, 0, 0, 3, 3, 7, 0, 0, 0]);
    expect(copy).toEqual({ ...first, iface: 1, time: 2000 });
    expect(bare).toMatchObject({ options: [], ipId: 1001 });
  });

  test('what stands behind dup is the copy alone; what a card leaves to do, and a clock set back', () => {
    const script =
      'snaplen 60\n5 c > s P. 1:101(100) ack 1 iplen 0 badsum dup 0.1 ttl 63 mac 9\n4 s > c PU. 1:2(1) ack 101 urg 1';
    const { snaplen, packets } = parseScript(lines(script));
    expect(snaplen).toBe(60);
    expect(packets[0]).toMatchObject({ ttl: 64, ipLength: 0, badChecksum: true });
    expect(packets[1]).toEqual({ ...packets[0], time: 5_100_000_000, iface: 1, ttl: 63, mac: 9 });
    expect(packets[2]).toMatchObject({ time: 4_000_000_000, flags: 56, urgent: 1 });
  });

  test('the first byte of data on a SYN has the number after it', () => {
    const [syn, again] = parseScript(lines('0 c > s S 0:10(10) <fastopen>\n1 c > s P. 1:11(10) ack 1')).packets;
    expect(syn).toMatchObject({ seq: 1_000_000, payloadFrom: again!.payloadFrom });
    expect(syn?.options.slice(0, 2)).toEqual([34, 10]);
  });

  test('IPv6 endpoints, from their line on', () => {
    const { packets } = parseScript(
      lines('client [2001:db8::1]:4\nserver [::]:5\n0 c > s S 0:0(0)\nclient [::1]:6\n1 c > s S 0:0(0)'),
    );
    expect([...packets[0]!.source.address]).toEqual([0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    expect([...packets[0]!.destination.address]).toEqual(Array(16).fill(0));
    expect(packets.map((p) => p.source.port)).toEqual([4, 6]);
  });

  test.each([
    ['0 c > s S 0:0(0)\n3 0 s > c S. 0:0(0) ack 1', 'line 2: this is frame 2, not 3'],
    ['0 c > s P. 1:101(99) ack 1', 'line 1: 1:101 is not 99 bytes'],
    ['0 c > c S 0:0(0)', 'line 1: a packet goes from one side to the other'],
    ['0 c > s S 0:0(0) tos 3', "line 1: unknown attribute 'tos'"],
    ['0 c > s S 0:0(0) <tfo 3>', "line 1: unknown TCP option 'tfo 3'"],
    ['0 c > s S 0:0(0)\nlink raw', "line 2: 'link' belongs before the first packet"],
    ['link token-ring', "line 1: link types are ethernet, raw and sll2, not 'token-ring'"],
    ['0 c > s S 0:0(0) ttl 256', 'line 1: a whole number from 1 to 255 is wanted'],
    ['0 c -> s S', 'line 1: neither a packet nor a directive'],
    ['link raw', 'line 1: the script has no packet'],
  ])('%j is refused', (script, message) => {
    expect(() => parseScript(lines(script))).toThrow(message);
  });
});

describe('the expectation', () => {
  const START = 1_767_225_600_000_000_000n;
  const at = (seconds: string): string => `2026-01-01T00:00:0${seconds.padEnd(11, '0')}Z`;
  const span = (state: string, from: string, to: string | null, frames: (number | null)[]): object => {
    const seconds = to === null ? null : Number(to) - Number(from);
    return {
      state,
      from: at(from),
      to: to && at(to),
      seconds,
      basis: 'observed',
      open: to === null,
      plusMinus: 0,
      frames,
    };
  };
  const client = {
    role: 'active-closer',
    states: [span('ESTABLISHED', '0.', '1.', [2, 4]), span('FIN_WAIT_1', '1.', null, [4, null])],
    finAt: at('1.'),
    timeWait: null,
  };
  const flow = {
    id: 1,
    kind: 'half-closed',
    closedAt: null,
    notes: ['gap', 'midstream'],
    bytes: { client: 5, server: 0 },
  };
  const server = { role: 'unknown', states: [], timeWait: null };
  // Only what the claims below read: a whole report would say nothing more.
  const report = {
    capture: { duplicates: 0 },
    flows: [{ ...flow, reset: null, endpoints: { client, server } }],
  } as unknown as Report;
  const compare = (text: string): { expected: string[]; actual: string[] } =>
    parseExpectation(lines(text)).compare(report, START);

  test.each([
    'kind half-closed',
    'closedAt none',
    'notes midstream',
    'bytes client 5 server 0',
    'capture duplicates 0',
    'reset none',
    'client role active-closer finAt 1.000',
    'client timeWait none',
    'client ESTABLISHED 0 .. 1.0 observed frames 2,4\nclient FIN_WAIT_1 1 .. open frames 4,-',
    'client ...\nclient FIN_WAIT_1 1 .. open',
    'server states none',
  ])('%j holds', (text) => {
    const { expected, actual } = compare(text);
    expect(actual).toEqual(expected);
  });

  test.each([
    ['kind graceful', 'kind half-closed'],
    ['notes gap lost-final-ack', 'notes gap'],
    ['reset by client', 'reset none'],
    ['client states none', 'client states ESTABLISHED FIN_WAIT_1'],
    ['client timeWait restarts 1', 'client timeWait none'],
  ])('%j is told from %j', (text, said) => {
    expect(compare(text).actual).toEqual(['flow 1', said]);
  });

  test('a span too many is written in full', () => {
    expect(compare('client ESTABLISHED 0 .. 2').actual).toEqual([
      'flow 1',
      'client ESTABLISHED 0 .. 1',
      'client FIN_WAIT_1 1 .. open basis observed seconds none plusMinus 0 frames 4,-',
    ]);
  });

  test('flows must be as many as claimed', () => {
    expect(compare('kind half-closed\nflow 2').actual).not.toEqual(compare('kind half-closed\nflow 2').expected);
  });

  test.each([
    ['colour red', "line 1: 'colour' is none of kind,"],
    ['client FIN_WAIT_1 1 ..', 'line 1'],
    ['client FIN_WAIT_1 1 .. 2 open', 'line 1'],
    ['closedAt soon', "line 1: a number is wanted, not 'soon'"],
    ['client finAt', 'line 1: a value is missing'],
    ['flow 3', 'line 1: flow 2 comes next'],
  ])('%j is refused', (text, message) => {
    expect(() => parseExpectation(lines(text))).toThrow(message);
  });
});
