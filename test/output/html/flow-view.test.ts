/** The view of one flow as a string: what stands in it, not how it looks. */

import fc from 'fast-check';
import { h } from 'preact';
import { renderToString } from 'preact-render-to-string';
import { describe, expect, it } from 'vitest';
import type { Ladder } from '../../../src/output/html/model.ts';
import { FlowView, type FlowViewProps } from '../../../src/output/html/views/flow.tsx';
import { changingFrames, Joiner, type LadderSegment, type Piece } from '../../../src/output/ladder-rows.ts';
import type { Flow } from '../../../src/report/types.ts';
import { duration } from '../../../src/words.ts';
import { oddFlow } from '../arbitrary.ts';
import { at, endpoint, exampleFlow, exampleSegments, openSpan, reset, segment, span, timeWait } from '../example.ts';

const CAPTURE: FlowViewProps['capture'] = { firstPacket: at(0), lastPacket: at(192), position: 'near-server' };

function ladderOf(flow: Flow, segments: readonly LadderSegment[], more = 0): Ladder {
  const pieces: Piece[] = [];
  const joiner = new Joiner(changingFrames(flow), (piece) => pieces.push(piece));
  for (const each of segments) joiner.add(each);
  joiner.end();
  return { pieces, more };
}

function view(flow: Flow, segments: readonly LadderSegment[] = exampleSegments(), props: Partial<FlowViewProps> = {}) {
  const ladder = ladderOf(flow, segments);
  return renderToString(h(FlowView, { flow, ladder, capture: CAPTURE, splitBy: [], ...props }));
}

/** What the page says, without its markup. */
function text(html: string): string {
  return html
    .replace(/<[^>]*>/g, ' ')
    .replaceAll('&lt;', '<')
    .replaceAll('&amp;', '&')
    .replace(/\s+/g, ' ');
}

function count(html: string, part: string): number {
  return html.split(part).length - 1;
}

const lanesOf = (html: string) => /<svg class="lanes"[\s\S]*?<\/svg>/.exec(html)?.[0] ?? '';
const ladderTable = (html: string) => /<table class="ladder[\s\S]*?<\/table>/.exec(html)?.[0] ?? '';
const rowOf = (html: string, frame: number) =>
  ladderTable(html)
    .split('<tr')
    .find((row) => row.includes(`frame">${frame}</td>`)) ?? '';

/** A client that has closed and waits for a server that does not. */
function halfClosed(): Flow {
  return exampleFlow({
    kind: 'half-closed',
    closeShape: 'half-close',
    initiator: 'client',
    closedAt: null,
    endpoints: {
      client: endpoint('active-closer', [
        span('SYN_SENT', 0, 0.01, [1, 2]),
        span('ESTABLISHED', 0.01, 5, [2, 9]),
        span('FIN_WAIT_1', 5, 5.04, [9, 10]),
        openSpan('FIN_WAIT_2', 5.04, 192, 10),
      ]),
      server: endpoint('passive-closer', [
        span('ESTABLISHED', 0, 5, [null, 9], { basis: 'inferred' }),
        openSpan('CLOSE_WAIT', 5, 192, 9),
      ]),
    },
  });
}

const HALF_CLOSED_SEGMENTS = [
  segment(1, 0, 'client', 0x02, [0, 0, 0]),
  segment(9, 5, 'client', 0x11, [1, 1, 0]),
  segment(10, 5.04, 'server', 0x10, [1, 2, 0]),
];

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
    expect(text(ladderTable(html))).toContain('The capture ends: TIME_WAIT still running');
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

describe('the ladder', () => {
  it('has an arrow for each segment and each run once, and none for what nobody saw', () => {
    const flow = exampleFlow();
    const { pieces } = ladderOf(flow, exampleSegments());
    const html = view(flow);
    const single = pieces.filter(({ kind }) => kind === 'segment').length;
    expect(count(html, '<div class="segment ')).toBe(single);
    expect(count(html, '<div class="band">')).toBe(pieces.length - single);
    const timed = ladderTable(html).split('<tr class="timed"')[1] ?? '';
    expect(text(timed)).toContain('by a timer: assumed');
    expect(timed).not.toContain('class="segment');
  });

  it('has frame, time, gap, flags as Wireshark names them, and relative numbers', () => {
    const html = view(exampleFlow());
    expect(text(rowOf(html, 10))).toContain('10 +5.071000 41 ms');
    expect(text(rowOf(html, 2))).toContain('server to client: SYN, ACK seq 0 ack 1 len 0');
    expect(text(rowOf(html, 1))).toContain('SYN seq 0 len 0');
  });

  it('joins data into a band that says how much', () => {
    const band = text(rowOf(view(exampleFlow()), 4));
    expect(band).toContain('5 segments, 4.22 kB to frame 8 at +0.041400');
    expect(band).toContain('client 120 bytes in 2, server 4.1 kB in 3');
    expect(band).toContain('1 retransmitted, 1 captured twice');
  });

  it('ties each FIN to its acknowledgement by colour and by words', () => {
    const html = view(exampleFlow());
    expect(rowOf(html, 9)).toMatch(/class="segment to-client fin warm"/);
    expect(rowOf(html, 10)).toMatch(/class="segment to-server plain warm"/);
    expect(text(rowOf(html, 10))).toContain("acks the server's FIN, frame 9");
    expect(rowOf(html, 11)).toMatch(/class="segment to-server fin cool"/);
    expect(text(rowOf(html, 12))).toContain("acks the client's FIN, frame 11");
  });

  it('ties both in a close of three segments', () => {
    const segments = [
      segment(9, 5, 'server', 0x11, [1, 1, 0]),
      segment(10, 5.1, 'client', 0x11, [1, 2, 0]),
      segment(11, 5.2, 'server', 0x10, [2, 2, 0]),
    ];
    const html = view(exampleFlow(), segments);
    expect(rowOf(html, 10)).toMatch(/fin cool.*<em class="warm">/);
  });

  it('marks what was sent again and what was captured twice', () => {
    const segments = [
      segment(9, 5, 'server', 0x11, [1, 1, 0]),
      segment(10, 5, 'server', 0x11, [1, 1, 0], { duplicate: true }),
      segment(11, 5.2, 'server', 0x11, [1, 1, 0]),
      segment(12, 5.3, 'server', 0x10, [2, 1, 0], { note: 'odd <b>' }),
    ];
    const html = view(exampleFlow(), segments);
    expect(rowOf(html, 9)).not.toContain('<em');
    expect(text(rowOf(html, 10))).toContain('captured twice');
    expect(text(rowOf(html, 11))).toContain('sent again');
    expect(rowOf(html, 12)).toContain('odd &lt;b>');
  });

  it("ends an RST's arrow in a cross", () => {
    const html = view(exampleFlow(), [segment(9, 5, 'server', 0x14, [1, 1, 0])]);
    expect(rowOf(html, 9)).toContain('class="cross"');
    expect(text(rowOf(html, 9))).toContain('RST, ACK');
  });

  it('marks pauses, and what was missing when the capture ended', () => {
    const html = view(halfClosed(), HALF_CLOSED_SEGMENTS);
    expect(text(ladderTable(html))).toContain('⋮ 4.99 s ⋮');
    expect(text(ladderTable(html))).toMatch(/\+192\.000000 3 min 7 s The capture ends: no FIN from the server/);
    expect(text(ladderTable(view(exampleFlow())))).not.toContain('The capture ends');
  });

  it('keeps a far end in its state where what it did before is captured after', () => {
    const server = endpoint('simultaneous-closer', [
      span('FIN_WAIT_1', 5, 5.05, [10, 9]),
      span('CLOSING', 5.05, 5.1, [9, 11]),
    ]);
    const flow = exampleFlow({ endpoints: { client: endpoint('none', []), server } });
    const html = view(flow, [
      segment(9, 5.02, 'client', 0x11, [1, 1, 0]),
      segment(10, 5.04, 'server', 0x11, [1, 1, 0]),
    ]);
    expect(rowOf(html, 9)).toContain('class="life server s-closing"');
    expect(rowOf(html, 10)).toContain('class="life server s-closing"');
    expect(text(rowOf(html, 10))).toContain('FIN_WAIT_1, earlier');
  });

  it('marks the capture point where it is known', () => {
    expect(ladderTable(view(exampleFlow()))).toMatch(/class="ladder near-server".*captured here/);
    const unknown = view(exampleFlow(), exampleSegments(), { capture: { ...CAPTURE, position: 'unknown' } });
    expect(unknown).not.toContain('captured here');
    expect(text(unknown)).toContain('the packets do not tell where on the way that is');
  });

  it('says which segments are not on the page, and how to see them', () => {
    const flow = exampleFlow();
    expect(text(view(flow, [], { ladder: null }))).toContain(
      'Its segments are not on this page: teardown flow FILE 7 draws them.',
    );
    const segments = Array.from({ length: 30 }, (_, index) =>
      segment(index + 1, index / 10, 'client', 0x11, [index, 1, 0]),
    );
    const html = view(flow, [], { ladder: ladderOf(flow, segments, 1234) });
    const rows = ladderTable(html).split('<tr');
    const left = rows.findIndex((row) => row.includes('1,234 segments not drawn here'));
    expect(rows[left - 1]).toContain('frame">20<');
    expect(rows[left + 1]).toContain('frame">21<');
    // From the last that is drawn to the next is no gap.
    expect(text(rows[left + 1] ?? '')).not.toContain('100 ms');
    expect(text(view(flow, []))).toContain('The capture holds no segment of it.');
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
