/** The numbers and words behind the view of one flow, and the view of every real connection. */

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { h } from 'preact';
import { renderToString } from 'preact-render-to-string';
import { describe, expect, it } from 'vitest';
import { analyze } from '../../../src/analyze.ts';
import { captureEndWords, pointWords } from '../../../src/output/html/views/flow/capture-words.ts';
import { LANE_WIDTH, layOut } from '../../../src/output/html/views/flow/lane-layout.ts';
import { barPath, hatchPath } from '../../../src/output/html/views/flow/paths.ts';
import { ackedFins, dataSize, flagNames, sentAgain } from '../../../src/output/html/views/flow/segment-words.ts';
import { FlowView } from '../../../src/output/html/views/flow.tsx';
import type { LadderSegment, Piece } from '../../../src/output/ladder-rows.ts';
import type { Flow, TcpState } from '../../../src/report/types.ts';
import { laddersOf } from '../../../src/segments.ts';
import { itShared } from '../../support/shared.ts';
import { endpoint, exampleFlow, openSpan, segment, span } from '../example.ts';

const SIDES = ['client', 'server'] as const;

/** An end that was in these states, seconds in each. */
function stays(seconds: readonly number[]): Flow {
  const names = ['SYN_SENT', 'ESTABLISHED', 'FIN_WAIT_1', 'FIN_WAIT_2', 'TIME_WAIT'] as const;
  let now = 0;
  const spans = seconds.map((each, index) => {
    const from = now;
    now += each;
    return span(names[index] ?? 'CLOSED', from, now, [index, index + 1]);
  });
  return exampleFlow({
    endpoints: { client: endpoint('active-closer', spans), server: endpoint('unknown', []) },
  });
}

describe('the places of bars', () => {
  it('grow with the time, and let 200 µs be read beside two hours', () => {
    const [{ bars }] = layOut(stays([0.0002, 0.02, 2, 60, 7200]), 8000).lanes;
    const widths = bars.map(({ width }) => width);
    expect(widths).toHaveLength(5);
    expect(widths).toEqual([...widths].sort((a, b) => a - b));
    expect(widths[4]! / widths[0]!).toBeLessThan(5);
  });

  it('are equal for equal times', () => {
    const [{ bars }] = layOut(stays([0.5, 0.5]), 1).lanes;
    expect(bars[0]?.width).toBeCloseTo(bars[1]?.width ?? 0, 0);
  });

  it('touch in order, inside the drawing, with room for the words, whatever the times', () => {
    const time = fc.oneof(
      fc.double({ min: 1e-9, max: 1e-3, noNaN: true }),
      fc.double({ min: 1e-3, max: 1e6, noNaN: true }),
    );
    fc.assert(
      fc.property(
        fc.array(time, { minLength: 1, maxLength: 6 }),
        fc.array(time, { maxLength: 6 }),
        (client, server) => {
          const flow = stays(client.map((each) => Math.round(each * 1e9) / 1e9));
          const other = stays(server.map((each) => Math.round(each * 1e9) / 1e9));
          const both = { ...flow, endpoints: { client: flow.endpoints.client, server: other.endpoints.client } };
          const { lanes, width, ticks } = layOut(both, 2e6);
          expect(width).toBeGreaterThanOrEqual(LANE_WIDTH);
          for (const { bars } of lanes) {
            bars.forEach((bar, index) => {
              const next = bars[index + 1];
              if (next !== undefined) expect(next.x).toBeCloseTo(bar.x + bar.width, 5);
              expect(bar.x).toBeGreaterThanOrEqual(0);
              expect(bar.x + bar.width).toBeLessThanOrEqual(width);
              const longest = Math.max(...bar.lines.map(({ length }) => length));
              expect(bar.width).toBeGreaterThanOrEqual(longest * 6.9);
            });
          }
          expect(ticks.map(({ x }) => x)).toEqual(ticks.map(({ x }) => x).sort((a, b) => a - b));
        },
      ),
    );
  });

  it('leave open ends room beyond the end of the capture', () => {
    const flow = exampleFlow({
      endpoints: { client: endpoint('none', [openSpan('ESTABLISHED', 0, 30, 1)]), server: endpoint('none', []) },
    });
    const { lanes, captureEnd } = layOut(flow, 30);
    const [bar] = lanes[0].bars;
    expect(bar?.openRight).toBe(true);
    expect(bar!.x + bar!.width).toBeGreaterThan(captureEnd!);
  });

  it('put the words of neighbouring notches beside each other', () => {
    const states = [
      span('SYN_SENT', 0, 0, [1, 1]),
      span('SYN_RECEIVED', 0, 0, [1, 1]),
      span('ESTABLISHED', 0, 1, [1, 2]),
    ];
    const { lanes } = layOut(
      exampleFlow({ endpoints: { client: endpoint('none', states), server: endpoint('none', []) } }),
      1,
    );
    const [first, second] = lanes[0].notches;
    expect(second!.textX).toBeGreaterThan(first!.textX + first!.text.length * 6);
  });
});

describe('shapes', () => {
  it('hatch a rectangle and nothing beside it', () => {
    for (const rising of [true, false]) {
      const numbers = [...hatchPath(10, 20, 33, 40, rising).matchAll(/[ML]([\d.]+) ([\d.]+)/g)];
      expect(numbers.length).toBeGreaterThan(8);
      for (const [, x, y] of numbers) {
        expect(Number(x)).toBeGreaterThanOrEqual(10);
        expect(Number(x)).toBeLessThanOrEqual(43);
        expect(Number(y)).toBeGreaterThanOrEqual(20);
        expect(Number(y)).toBeLessThanOrEqual(60);
      }
    }
  });

  it('are ragged on the edges that nobody saw', () => {
    const plain = barPath(0, 0, 100, 40, { left: false, right: false });
    expect(plain).toBe('M0 0h100v40h-100z');
    expect(barPath(0, 0, 100, 40, { left: false, right: true })).toMatch(/^M0 0h100l-6 5l6 5.*h-100z$/);
    expect(barPath(0, 0, 100, 40, { left: true, right: false })).toMatch(/^M0 0h100v40h-100l6 -5.*z$/);
  });
});

const pieces = (...segments: LadderSegment[]): Piece[] => segments.map((each) => ({ kind: 'segment', segment: each }));

describe('words on segments', () => {
  it('name flags as Wireshark does', () => {
    expect([0x02, 0x12, 0x11, 0x19, 0x14, 0xc2, 0].map(flagNames)).toEqual([
      'SYN',
      'SYN, ACK',
      'FIN, ACK',
      'FIN, PSH, ACK',
      'RST, ACK',
      'SYN, ECE, CWR',
      'no flags',
    ]);
  });

  it('find what acknowledges a FIN, and its repetition again, across a wrap of sequence numbers', () => {
    const acked = ackedFins(
      pieces(
        segment(1, 0, 'client', 0x11, [2 ** 31 - 1, 1, 5]),
        segment(2, 1, 'server', 0x10, [1, 2 ** 31 - 1, 0]),
        segment(3, 2, 'server', 0x10, [1, -(2 ** 31) + 5, 0]),
        segment(4, 3, 'server', 0x10, [1, -(2 ** 31) + 5, 0]),
        segment(5, 4, 'client', 0x11, [2 ** 31 - 1, 1, 5]),
        segment(6, 5, 'server', 0x14, [1, -(2 ** 31) + 5, 0]),
        segment(7, 5, 'server', 0x10, [1, -(2 ** 31) + 5, 0]),
      ),
    );
    expect([...acked]).toEqual([
      [3, { of: 'client', frame: 1 }],
      [7, { of: 'client', frame: 5 }],
    ]);
  });

  it('find what was sent again: no bare ACK, no copy, no SYN-ACK behind a SYN', () => {
    const again = sentAgain(
      pieces(
        segment(1, 0, 'client', 0x02, [0, 0, 0]),
        segment(2, 1, 'client', 0x02, [0, 0, 0]),
        segment(3, 1, 'client', 0x12, [0, 1, 0]),
        segment(4, 2, 'client', 0x18, [1, 1, 100]),
        segment(5, 2, 'client', 0x10, [101, 1, 0]),
        segment(6, 3, 'client', 0x18, [1, 1, 100], { duplicate: true }),
        segment(7, 4, 'client', 0x18, [51, 1, 50]),
        segment(8, 4, 'client', 0x18, [51, 1, 60]),
        segment(9, 4, 'server', 0x18, [1, 1, 10]),
      ),
    );
    expect([...again]).toEqual([2, 7]);
  });

  it('say how much data it was', () => {
    expect([0, 1, 973, 1000, 28_412, 999_600, 1.5e9, 2.34e13].map(dataSize)).toEqual([
      '0 bytes',
      '1 byte',
      '973 bytes',
      '1 kB',
      '28.4 kB',
      '1 MB',
      '1.5 GB',
      '23.4 TB',
    ]);
  });
});

describe('words on the capture', () => {
  it('say what was missing when it ended', () => {
    const words = (overrides: Partial<Flow>) => captureEndWords(exampleFlow(overrides));
    expect(words({})).toBeNull();
    const still = (client: TcpState | null, server: TcpState | null) => {
      const end = (state: TcpState | null) => endpoint('none', state === null ? [] : [openSpan(state, 0, 9, 1)]);
      return words({ endpoints: { client: end(client), server: end(server) } });
    };
    expect(still('TIME_WAIT', null)).toBe('the client is still in TIME_WAIT');
    expect(still(null, 'LAST_ACK')).toBe('the server is still in LAST_ACK');
    expect(still('TIME_WAIT', 'LAST_ACK')).toBe('the client is still in TIME_WAIT, the server in LAST_ACK');
    expect(still('TIME_WAIT', 'TIME_WAIT')).toBe('both ends are still in TIME_WAIT');
    expect(words({ kind: 'open' })).toBe('neither FIN nor RST so far');
    expect(words({ kind: 'unanswered' })).toBe('no answer to the SYN');
    expect(words({ kind: 'half-closed', initiator: 'server' })).toBe('no FIN from the client');
    expect(words({ kind: 'half-closed', initiator: 'unknown' })).toBe('a FIN from one side only');
    expect(words({ kind: 'half-closed', initiator: 'unknown', notes: ['one-direction'] })).toBe(
      'a FIN from one side; the other direction was not captured',
    );
  });

  it('say whose times they are, and how far the ends', () => {
    expect(pointWords(exampleFlow(), 'near-client')).toContain(
      'Round trip from there: to the client 20 ms, to the server 182 µs.',
    );
    expect(pointWords(exampleFlow({ rtt: { client: null, server: null } }), 'middle')).not.toContain('Round trip');
    const comparison = {
      offsetSeconds: 0,
      driftPpm: null,
      plusMinus: 0,
      lost: { toServer: 0, toClient: 0 },
      resetOrigin: null,
    };
    expect(pointWords(exampleFlow({ comparison }), 'unknown')).toContain("the client's clock");
  });
});

describe('real connections', () => {
  itShared('are all drawn: every state, an arrow or a band for every piece', ['cases'], async (folder) => {
    let drawn = 0;
    for (const name of readdirSync(folder, { withFileTypes: true })) {
      if (!name.isDirectory()) continue;
      const files = readdirSync(join(folder, name.name)).filter((file) => /\.pcap(ng)?$/.test(file));
      for (const file of files) {
        const path = join(folder, name.name, file);
        const { flows, capture } = await analyze([path]);
        // Of the many that are alike some are enough.
        const some = flows.slice(0, 6);
        const ladders = await laddersOf([path], some);
        for (const flow of some) {
          const ladder = ladders.get(flow.id) ?? null;
          expect(ladder, `${name.name}/${file} ${flow.id}`).not.toBeNull();
          const html = renderToString(h(FlowView, { flow, ladder, capture, splitBy: [] }));
          for (const side of SIDES) {
            for (const { state } of flow.endpoints[side].states) expect(html).toContain(`>${state}<`);
          }
          const marks = html.match(/<div class="(segment |band")/g) ?? [];
          expect(marks, `${name.name}/${file} ${flow.id}`).toHaveLength(ladder?.pieces.length ?? -1);
          expect(html).not.toMatch(/NaN|undefined|Infinity/);
          drawn++;
        }
      }
    }
    expect(drawn).toBeGreaterThan(100);
  });
});
