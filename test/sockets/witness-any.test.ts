/** Whatever looks found: a flow that a witness tells of is a flow as the report promises. */
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { flowFaults, nanoseconds } from '../../fuzz/invariants.ts';
import type { TcpState } from '../../src/report/types.ts';
import { STATE_NAMES } from '../../src/tcp/states.ts';
import { at, endpoint, flowOf, listener, looked, type Step, socket } from './script.ts';

const ajv = new Ajv2020({ strict: true });
addFormats.default(ajv);
ajv.addSchema(JSON.parse(readFileSync(new URL('../../schema/report.schema.json', import.meta.url), 'utf8')), 'report');
const isFlow = ajv.getSchema('report#/$defs/Flow')!;

const STATES = STATE_NAMES.filter((state) => state !== 'LISTEN' && state !== 'CLOSED') as TcpState[];
const PATHS: TcpState[][] = [
  ['SYN_SENT', 'ESTABLISHED', 'FIN_WAIT_1', 'FIN_WAIT_2', 'TIME_WAIT', 'CLOSED'],
  ['SYN_RECEIVED', 'ESTABLISHED', 'FIN_WAIT_1', 'CLOSING', 'TIME_WAIT', 'CLOSED'],
  ['SYN_RECEIVED', 'ESTABLISHED', 'CLOSE_WAIT', 'LAST_ACK', 'CLOSED'],
  ['ESTABLISHED', 'FIN_WAIT_1', 'TIME_WAIT', 'CLOSED'],
  ['ESTABLISHED', 'CLOSED'],
  [],
];
const END = 90;

const steps = fc
  .record({
    path: fc.constantFrom(...PATHS),
    length: fc.nat(6),
    pauses: fc.array(fc.integer({ min: 0, max: 15_000 }), { minLength: 6, maxLength: 6 }),
    basis: fc.constantFrom('observed', 'inferred', 'assumed'),
    first: fc.constantFrom('observed', 'inferred'),
  })
  .map(({ path, length, pauses, basis, first }): Step[] => {
    let time = 0.1;
    const cut = path.slice(0, length);
    return cut.map((state, i): Step => {
      time += i === 0 ? 0 : pauses[i]! / 1000;
      return [state, time, i === 0 ? first : i === cut.length - 1 && state === 'CLOSED' ? basis : 'observed'];
    });
  });

const found = fc.record({
  state: fc.constantFrom(...STATES),
  inode: fc.constantFrom(0, 0, 77, 78),
  endsInMs: fc.option(fc.integer({ min: 0, max: 61_000 })),
});
/** From second to second: what was found there for so many looks; null: nothing. */
const tables = fc.array(fc.tuple(fc.option(found), fc.integer({ min: 1, max: 30 })), { maxLength: 8 });

/** As the kernel's clocks run: a timer that was told is nearer with each look. */
function tableAt(runs: readonly [{ state: TcpState; inode: number; endsInMs: number | null } | null, number][]) {
  return (s: number) => {
    let from = -10;
    for (const [entry, length] of runs) {
      if (s < from + length) {
        if (entry === null) return [listener()];
        const left = entry.endsInMs === null ? null : Math.max(0, entry.endsInMs - (s - from) * 1000);
        return [listener(), socket(entry.state, { ...entry, endsInMs: left })];
      }
      from += length;
    }
    return [listener()];
  };
}

test('spans touch and are in order, seconds are from begin to end, and the schema takes it', () => {
  const property = fc.property(steps, tables, fc.boolean(), fc.boolean(), (path, runs, isMidstream, lacksAcks) => {
    const flow = flowOf(path, 20, END, {
      handshake: isMidstream ? 'not-captured' : 'complete',
      notes: lacksAcks ? ['no-pure-acks'] : [],
      kind: 'half-closed',
      closeShape: 'unknown',
    });
    const before = structuredClone(flow);
    const told = looked(-10, END, tableAt(runs)).tell(flow, at(END));
    expect(flow).toEqual(before);
    isFlow(told);
    expect(isFlow.errors).toBeNull();
    const faults = flowFaults(told, nanoseconds(at(END))).filter((fault) => !fault.startsWith('half-closed'));
    expect(faults).toEqual([]);
    // Nothing is told of an end that is not here.
    expect(told.endpoints.client).toEqual(endpoint([], END));
  });
  fc.assert(property, { numRuns: 3_000 });
});
