/** The page's flows are the report's: nothing is lost or altered on the way. */
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { analyze } from '../../../../src/analyze.ts';
import { compare } from '../../../../src/compare.ts';
import { decodeFlows, encodeFlows } from '../../../../src/output/html/data/flows.ts';
import { Redactor } from '../../../../src/redact/redactor.ts';
import type { Flow } from '../../../../src/report/types.ts';
import { itShared } from '../../../support/shared.ts';
import { hostile, oddReport } from '../../arbitrary.ts';
import { exampleFlow } from '../../example.ts';
import { asJson, capturesUnder, flowsOf } from './captures.ts';

/** Flows as they come back, with their number as the store tells it. */
function restored(flows: readonly Flow[]): Flow[] {
  const store = decodeFlows(encodeFlows(flows));
  return Array.from({ length: store.length }, (_, i) => store.flow(i));
}

/** The same flows in the order of their ids, as if one capture had them all. */
function together(lists: readonly Flow[][]): Flow[] {
  return lists.flat().map((flow, i) => ({ ...flow, id: i + 1 }));
}

describe('flows come back as they were', () => {
  it('of every capture of the repository, and of all in one', async () => {
    const lists: Flow[][] = [];
    for (const path of capturesUnder('fixtures')) {
      const flows = await flowsOf(path);
      expect(restored(flows), path).toEqual(flows);
      lists.push(flows);
    }
    const all = together(lists);
    expect(all.length).toBeGreaterThan(500);
    expect(restored(all)).toEqual(all);
  });

  for (const part of ['cases', 'stories', 'corpus']) {
    itShared(`of every capture of the shared ${part}`, [part], async (folder) => {
      const lists: Flow[][] = [];
      for (const path of capturesUnder(folder)) {
        const flows = await flowsOf(path);
        expect(restored(flows), path).toEqual(flows);
        lists.push(flows);
      }
      const all = together(lists);
      expect(all.length).toBeGreaterThan(300);
      expect(restored(all)).toEqual(all);
    });
  }

  it.each([{ mode: 'labels' }, { mode: 'prefix' }, { mode: 'labels', ports: true }] as const)(
    'redacted: %o',
    async (how) => {
      const report = await analyze(['fixtures/demo/restart-outage.pcap']);
      const redactor = new Redactor(how);
      const flows = asJson(report.flows.map((flow) => redactor.flow(flow)));
      expect(restored(flows)).toEqual(flows);
    },
  );

  it('of a comparison', async () => {
    const folder = 'fixtures/cases/compare_20ms';
    const report = await compare(join(folder, 'client.pcap'), join(folder, 'server.pcap'));
    const flows = asJson(report.flows);
    expect(flows.some(({ comparison }) => comparison !== null)).toBe(true);
    expect(restored(flows)).toEqual(flows);
  });

  it('that make no sense', () => {
    fc.assert(
      fc.property(oddReport, ({ flows }) => {
        const odd = asJson(together([flows]));
        expect(restored(odd)).toEqual(odd);
      }),
    );
  });

  const odd: [string, Partial<Flow> & Record<string, unknown>][] = [
    ['a time that no capture has', { lastPacket: 'yesterday' }],
    ['a time without its decimals', { firstPacket: '2025-03-10T00:00:19Z' }],
    ['a time of another century', { closedAt: '0001-01-01T00:00:00.000000001Z' }],
    ['a time with a digit that is none', { closedAt: '2025-03-10T00:00:19.1e4567890Z' }],
    ['a fraction of a nanosecond', { rtt: { client: 1e-13, server: 1 / 3 } }],
    ['a negative round trip', { rtt: { client: -1e-9, server: -1 } }],
    ['more bytes than are exact', { bytes: { client: 2 ** 60, server: 2 ** 53 - 1 } }],
    ['half a packet', { packets: { client: 0.5, server: 1e300 } }],
    ['a member more', { later: [1, { of: null }] }],
    ['no address', { client: { address: '', port: -1 } }],
    ['an end that is a label', { client: { address: 'client-7', port: 1 }, communityId: null, wiresharkFilter: null }],
    ['another Community ID', { communityId: '1:AAAAAAAAAAAAAAAAAAAAAAAAAAA=' }],
    ['a note twice', { notes: ['gap', 'gap', 'null', '__proto__'] }],
  ];
  it.each(odd)('with %s', (_, overrides) => {
    const flows = [exampleFlow({ id: 1 }), exampleFlow({ id: 2, ...overrides }), exampleFlow({ id: 3 })];
    expect(restored(flows)).toEqual(flows);
  });

  it('with any text for any text', () => {
    const texts = fc.record({
      communityId: fc.option(hostile),
      history: hostile,
      connState: hostile,
      wiresharkFilter: fc.option(hostile),
      notes: fc.array(hostile, { maxLength: 3 }),
      client: fc.record({ address: hostile, port: fc.nat() }),
    });
    fc.assert(
      fc.property(fc.array(texts, { maxLength: 5 }), (list) => {
        const flows = list.map((overrides, i) => exampleFlow({ id: i + 1, ...overrides }));
        expect(restored(flows)).toEqual(flows);
      }),
    );
  });

  it('of none', () => {
    expect(restored([])).toEqual([]);
    expect(decodeFlows(encodeFlows([])).indexOf(1)).toBe(-1);
  });
});

it('flows are found by id, one that does not fit among them', () => {
  const flows = [3, 4, 9, 12].map((id) => exampleFlow({ id, ...(id === 9 ? { lastPacket: '' } : {}) }));
  const store = decodeFlows(encodeFlows(flows));
  expect([3, 4, 9, 12].map((id) => store.indexOf(id))).toEqual([0, 1, 2, 3]);
  expect([0, 5, 13, Number.NaN].map((id) => store.indexOf(id))).toEqual([-1, -1, -1, -1]);
});

it('a flow stays as it is when another one is looked at', () => {
  const store = decodeFlows(encodeFlows([exampleFlow({ id: 1 }), exampleFlow({ id: 2, notes: ['gap'] })]));
  const first = store.flow(0);
  expect(store.peek(1).id).toBe(2);
  expect(first).toEqual(exampleFlow({ id: 1 }));
});

it('flows take a small part of what they take as JSON', async () => {
  const flows = await flowsOf('fixtures/demo/restart-outage.pcap');
  const size = (bytes: Uint8Array | string) => gzipSync(bytes, { level: 9 }).length;
  expect(flows.length).toBeGreaterThan(100);
  expect(size(encodeFlows(flows))).toBeLessThan(size(JSON.stringify(flows)) / 3);
});
