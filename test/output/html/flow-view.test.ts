/** The view of one flow as a string: what stands in it, not how it looks. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LadderSegment } from '../../../src/output/ladder-rows.ts';
import { duration } from '../../../src/words.ts';
import { oddFlow } from '../arbitrary.ts';
import { at, endpoint, exampleFlow, exampleSegments, openSpan, reset, span, timeWait } from '../example.ts';
import {
  CAPTURE,
  count,
  HALF_CLOSED_SEGMENTS,
  halfClosed,
  ladderTable,
  lanesOf,
  rowOf,
  text,
  view,
} from './flow-page.ts';

describe('the head of a flow', () => {
  it('says who, how it ended and who closed first, and has the filter to copy', () => {
    const html = view(exampleFlow());
    expect(text(html)).toContain('Flow 7: 10.0.0.23:51324 → 10.0.0.1:9091');
    expect(text(html)).toContain('The server closed first. Ended at 12:00:10.080000.');
    expect(text(html)).toContain('120 bytes from the client, 4,096 from the server');
    expect(html).toContain(`data-copy="${exampleFlow().wiresharkFilter?.replaceAll('&', '&amp;')}"`);
  });

  it('says what the RST was and why, and which RSTs ended nothing', () => {
    const ended = reset('client', 11.5, 14, { cause: 'no-such-connection', why: 'window 0', ignored: 2 });
    const said = text(view(exampleFlow({ reset: ended })));
    expect(said).toContain('RST by the client: its socket was gone, or never was; frame 14 at 12:00:11.500000.');
    expect(said).toContain('Why: window 0.');
    expect(said).toContain('2 other RSTs ended nothing');
  });

  it('leads to the flow before it where that is on the page, and else only names it', () => {
    const flow = exampleFlow({ reuse: { previous: 3, gapSeconds: 1.4, inTimeWait: true, outcome: 'accepted' } });
    expect(view(flow, [], { isShown: (id) => id === 3 })).toContain('<a href="#flow-3" data-flow="3">');
    const html = view(flow);
    expect(html).not.toContain('href="#flow-3"');
    expect(text(html)).toContain('reuses the addresses and ports of flow 3 , 1.4 s after its last packet');
  });

  it('says in which VLAN it is where that tells flows apart', () => {
    expect(text(view(exampleFlow(), [], { splitBy: ['vlan'] }))).toContain('In no vlan.');
  });
});

describe('the lanes', () => {
  it('print every state and its duration, for the eye and for the ear', () => {
    const flow = exampleFlow();
    const lanes = lanesOf(view(flow));
    const label = /aria-label="([^"]*)"/.exec(lanes)?.[1] ?? '';
    for (const { state, seconds, plusMinus } of [...flow.endpoints.client.states, ...flow.endpoints.server.states]) {
      expect(text(lanes)).toContain(state);
      expect(label).toContain(state);
      if (state === 'CLOSED') continue;
      expect(text(lanes)).toContain(duration(seconds ?? -1));
      if (plusMinus) expect(text(lanes)).toContain(`±${duration(plusMinus)}`);
    }
  });

  it('hatch what was inferred and what was assumed, each in its way, and nothing else', () => {
    const lanes = lanesOf(view(exampleFlow()));
    // TIME_WAIT and the CLOSED after it.
    expect(count(lanes, 'class="hatch assumed"')).toBe(2);
    expect(count(lanes, 'class="hatch inferred"')).toBe(0);
    expect(count(lanesOf(view(halfClosed())), 'class="hatch inferred"')).toBe(1);
  });

  it("print the time of day of TIME_WAIT's end", () => {
    expect(text(lanesOf(view(exampleFlow())))).toContain('~60 s, until ~12:01:10');
  });

  it("draw TIME_WAIT to its projected end beyond the capture's, hatched from there", () => {
    const { endpoints } = exampleFlow();
    const states = endpoints.server.states.filter(({ state }) => state !== 'TIME_WAIT' && state !== 'CLOSED');
    const server = endpoint('active-closer', [...states, openSpan('TIME_WAIT', 10.06, 12, 11)], {
      timeWait: timeWait(10.06, { endedBy: 'capture-end' }),
    });
    const html = view(exampleFlow({ endpoints: { ...endpoints, server } }), exampleSegments(), {
      capture: { ...CAPTURE, lastPacket: at(12) },
    });
    expect(text(lanesOf(html))).toContain('>1.94 s, until ~12:01:10');
    expect(count(lanesOf(html), 'class="hatch assumed"')).toBe(1);
    expect(text(lanesOf(html))).toContain('capture ends');
    expect(text(ladderTable(html))).toContain('The capture ends: the server is still in TIME_WAIT');
  });

  it('give no end to a TIME_WAIT that something ended early', () => {
    const { endpoints } = exampleFlow();
    const server = endpoint('active-closer', [span('TIME_WAIT', 10.06, 11.5, [11, 14])], {
      timeWait: timeWait(10.06, { endedBy: 'rst' }),
    });
    expect(text(lanesOf(view(exampleFlow({ endpoints: { ...endpoints, server } }))))).not.toContain('until');
  });

  it('mark open ends by a ragged edge, ">" and the end of the capture', () => {
    const html = view(halfClosed(), HALF_CLOSED_SEGMENTS);
    expect(text(lanesOf(html))).toContain('FIN_WAIT_2 >3 min 7 s');
    expect(text(lanesOf(html))).toContain('capture ends');
    expect(text(html)).toContain('Ragged at its end: it goes on.');
    expect(text(html)).toContain('Ragged at its beginning: nobody saw it.');
    expect(text(lanesOf(view(exampleFlow())))).not.toContain('capture ends');
  });

  it('show a state that was left at once without a width', () => {
    const server = endpoint('active-closer', [
      span('FIN_WAIT_1', 5.03, 10.06, [9, 11]),
      span('FIN_WAIT_2', 10.06, 10.06, [11, 11]),
      span('TIME_WAIT', 10.06, 70.06, [11, null], { basis: 'assumed' }),
    ]);
    const { endpoints } = exampleFlow();
    const html = view(exampleFlow({ endpoints: { ...endpoints, server } }));
    expect(lanesOf(html)).toContain('class="state-notch s-fin-wait-2"');
    expect(text(lanesOf(html))).toContain('FIN_WAIT_2 0 s');
    // Both states begin with the same segment.
    expect(text(rowOf(html, 11))).toContain('FIN_WAIT_2 TIME_WAIT');
  });

  it('mark by a cross where an RST closed an end', () => {
    const closed = [span('ESTABLISHED', 0, 3, [1, 4]), span('CLOSED', 3, 3, [4, null])];
    const endpoints = { client: endpoint('aborter', closed), server: endpoint('aborted', closed) };
    const flow = exampleFlow({ kind: 'aborted', endpoints, reset: reset('client', 3, 4) });
    expect(count(lanesOf(view(flow)), 'class="cross"')).toBe(2);
    expect(count(lanesOf(view({ ...flow, reset: null })), 'class="cross"')).toBe(0);
    const killed = endpoint('active-closer', [span('TIME_WAIT', 1, 3, [3, 4]), span('CLOSED', 3, 3, [4, null])], {
      timeWait: timeWait(1, { endedBy: 'rst', frames: [3, 4] }),
    });
    const late = { ...flow, reset: null, endpoints: { ...endpoints, server: killed } };
    expect(count(lanesOf(view(late)), 'class="cross"')).toBe(1);
  });

  it('say so where states are not known', () => {
    const { endpoints } = exampleFlow();
    const none = endpoint('unknown', []);
    const one = exampleFlow({ endpoints: { ...endpoints, server: none } });
    expect(text(lanesOf(view(one)))).toContain('Its states are not known from these packets.');
    expect(text(lanesOf(view({ ...one, notes: ['self-connect'] })))).toContain('The same socket');
    const neither = view(exampleFlow({ endpoints: { client: none, server: none } }));
    expect(text(neither)).toContain('No state of either end is known from these packets.');
    expect(neither).not.toContain('<details');
  });

  it('stand in a table too, with the basis in words and the frames', () => {
    const table = text(/<details[\s\S]*?<\/details>/.exec(view(exampleFlow()))?.[0] ?? '');
    expect(table).toContain('client LAST_ACK 12:00:10.050000 12:00:10.070000 20 ms ±100 µs observed frames 11 to 12');
    expect(table).toContain(
      "server TIME_WAIT 12:00:10.060000 12:01:10.060000 ~60 s assumed: the system's timer from frame 11",
    );
  });
});

const oddSegment: fc.Arbitrary<LadderSegment> = fc.record({
  frame: fc.integer({ min: 1, max: 2 ** 32 }),
  seconds: fc.double({ min: 0, max: 1e9, noNaN: true }),
  sender: fc.constantFrom('client', 'server'),
  flags: fc.integer({ min: 0, max: 255 }),
  seq: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  ack: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  length: fc.integer({ min: 0, max: 65535 }),
  window: fc.integer({ min: 0, max: 65535 }),
  duplicate: fc.boolean(),
  note: fc.option(fc.constantFrom('retransmitted', '<img src=x onerror=alert(1)>', '"\'&')),
});

describe('a flow of any kind', () => {
  it('makes markup that a page may hold twice and a strict policy lets pass, without NaN or undefined', () => {
    fc.assert(
      fc.property(oddFlow, fc.array(oddSegment, { maxLength: 12 }), (flow, segments) => {
        const html = view(flow, segments);
        expect(html).not.toMatch(/\sid="|url\(#|\sstyle=|\son\w+="|<script|<img/i);
        expect(html.replace(/(aria-label|data-copy)="[^"]*"/g, '')).not.toMatch(/="[^"]*(NaN|undefined|Infinity)/);
      }),
      { numRuns: 200 },
    );
  });
});
