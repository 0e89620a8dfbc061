/** The ladder in the view of one flow: what stands in its rows. */

import { describe, expect, it } from 'vitest';
import { endpoint, exampleFlow, exampleSegments, reset, segment, span } from '../example.ts';
import {
  CAPTURE,
  count,
  HALF_CLOSED_SEGMENTS,
  halfClosed,
  ladderOf,
  ladderTable,
  rowOf,
  text,
  view,
} from './flow-page.ts';

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
    const made = exampleFlow({ reset: reset('server', 5, 9, { cause: 'middlebox-suspected' }) });
    expect(text(rowOf(view(made, [segment(9, 5, 'server', 0x14, [1, 1, 0])]), 9))).toContain(
      'probably made by a device on the way',
    );
    expect(text(rowOf(html, 9))).not.toContain('device');
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
    const comparison = {
      offsetSeconds: 0,
      driftPpm: null,
      plusMinus: 0,
      lost: { toServer: null, toClient: null },
      resetOrigin: null,
    };
    // Of two captures each has its own numbers.
    expect(text(view({ ...flow, comparison }, [], { ladder: null }))).toContain(
      "teardown flow FILE '10.0.0.23:51324-10.0.0.1:9091'",
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

  it('says which segments were gone before it was made', () => {
    const flow = exampleFlow();
    const ladder = { ...ladderOf(flow, exampleSegments().slice(3)), before: 1234 };
    const rows = ladderTable(view(flow, [], { ladder })).split('<tr');
    const gone = rows.findIndex((row) => row.includes('1,234 earlier segments not kept'));
    expect(rows.slice(0, gone).some((row) => row.includes('class="number frame">'))).toBe(false);
    expect(text(rows[gone] ?? '')).toContain('sequence numbers count from the first one here');
  });
});
