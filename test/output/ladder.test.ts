import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { flagText, type LadderSegment, ladder } from '../../src/output/ladder.ts';
import { oddFlow } from './arbitrary.ts';
import { at, endpoint, exampleFlow, exampleSegments, reset, segment, span, timeWait } from './example.ts';
import { expectGolden, widest } from './golden.ts';

const PLAIN = { color: false, width: 80 };

/** The last ACK is lost: the client sends its FIN again, which restarts TIME_WAIT; later an RST. */
function lostAck(): Parameters<typeof ladder> {
  const flow = exampleFlow();
  const server = endpoint(
    'active-closer',
    [
      ...flow.endpoints.server.states.filter(({ state }) => state !== 'TIME_WAIT' && state !== 'CLOSED'),
      span('TIME_WAIT', 10.06, 11.5, [11, 14]),
      span('CLOSED', 11.5, 11.5, [14, null]),
    ],
    { timeWait: timeWait(10.28, { restarts: 1, endedBy: 'rst', frames: [11, 13, 14] }), finRetransmissions: 1 },
  );
  const segments = [
    ...exampleSegments(),
    segment(13, 10.28, 'client', 0x11, [121, 4098, 0], { note: 'retransmitted' }),
    segment(14, 11.5, 'client', 0x14, [122, 4098, 0]),
  ];
  return [
    {
      ...flow,
      endpoints: { ...flow.endpoints, server },
      reset: reset('client', 11.5, 14, {
        cause: 'no-such-connection',
        why: 'it carries no options and window 0',
        ignored: 2,
      }),
      notes: ['fin-retransmitted', 'lost-final-ack', 'something-new'],
      reuse: { previous: 3, gapSeconds: 1.4, inTimeWait: true, outcome: 'accepted' },
      orientation: 'port',
    },
    segments,
    PLAIN,
  ];
}

const oddSegment: fc.Arbitrary<LadderSegment> = fc.record({
  frame: fc.integer({ min: 1, max: 2 ** 32 }),
  seconds: fc.double({ min: 0, max: 1e9, noNaN: true }),
  sender: fc.constantFrom('client', 'server'),
  flags: fc.integer({ min: 0, max: 255 }),
  seq: fc.integer({ min: -(2 ** 32), max: 2 ** 32 }),
  ack: fc.integer({ min: -(2 ** 32), max: 2 ** 32 }),
  length: fc.integer({ min: 0, max: 65535 }),
  window: fc.integer({ min: 0, max: 65535 }),
  duplicate: fc.boolean(),
  note: fc.option(fc.constantFrom('retransmitted', 'x'.repeat(99), '\x1b[2J', '漢字'.repeat(30))),
});

describe('the ladder', () => {
  it('says what is missing before it', () => {
    const text = ladder(exampleFlow(), exampleSegments().slice(2), { ...PLAIN, before: 2 });
    expect(text).toMatch(/\n +· +2 earlier segments not kept +·\n/);
    expect(text.indexOf('not kept')).toBeLessThan(text.indexOf('+0.0'));
    expect(widest(text)).toBeLessThanOrEqual(80);
    expect(ladder(exampleFlow(), exampleSegments(), PLAIN)).not.toContain('not kept');
  });

  it('is as somebody found it good, in 80 columns', () =>
    expectGolden(ladder(exampleFlow(), exampleSegments(), PLAIN), 'ladder-80.txt'));
  it('is as somebody found it good, in 160 columns', () =>
    expectGolden(ladder(exampleFlow(), exampleSegments(), { ...PLAIN, width: 160 }), 'ladder-160.txt'));
  it('is as somebody found it good, with everything odd', () =>
    expectGolden(ladder(...lostAck()), 'ladder-lost-ack.txt'));

  it('differs with colours in nothing but the colours', () => {
    const [flow, segments, options] = lostAck();
    const coloured = ladder(flow, segments, { ...options, color: true });
    expect(coloured).toContain('\x1b[');
    expect(coloured.replace(/\x1b\[[0-9;]*m/g, '')).toBe(ladder(flow, segments, options));
  });

  it('writes flags as tcpdump does', () => {
    expect([0x02, 0x12, 0x11, 0x18, 0x14, 0xc2, 0].map(flagText)).toEqual([
      '[S]',
      '[S.]',
      '[F.]',
      '[P.]',
      '[R.]',
      '[SEW]',
      '[none]',
    ]);
  });

  it('joins five data segments in a row and draws four', () => {
    const data = (n: number): LadderSegment[] =>
      Array.from({ length: n }, (_, index) => segment(20 + index, index, 'server', 0x10, [index * 10, 1, 10]));
    const flow = exampleFlow({ endpoints: { client: endpoint('none', []), server: endpoint('none', []) } });
    expect(ladder(flow, data(4), PLAIN)).not.toContain('segments to');
    const joined = ladder(flow, data(5), PLAIN);
    expect(joined).toContain('5 segments to +4.000000, frame 24');
    expect(joined).toContain('◀ 50 bytes in 5');
  });

  it('never joins a segment that changes a state', () => {
    const text = ladder(exampleFlow(), exampleSegments(), PLAIN);
    expect(text).toMatch(/\+5\.071000 +10 .*FIN_WAIT_2\n/);
  });

  it('marks pauses of more than a second', () => {
    expect(ladder(exampleFlow(), exampleSegments(), PLAIN)).toContain('· 4.99 s ·');
  });

  it('shows two states that begin with one segment, the first of no length, one below the other', () => {
    const server = endpoint('active-closer', [
      span('FIN_WAIT_1', 5.03, 10.06, [9, 11]),
      span('FIN_WAIT_2', 10.06, 10.06, [11, 11]),
      span('TIME_WAIT', 10.06, 70.06, [11, null], { basis: 'assumed' }),
    ]);
    const text = ladder(exampleFlow({ endpoints: { client: endpoint('none', []), server } }), exampleSegments(), PLAIN);
    expect(text).toMatch(/▶│ FIN_WAIT_2\n +│ +│ TIME_WAIT\n/);
  });

  it('puts states that no segment begins at their time, with their basis', () => {
    expect(ladder(exampleFlow(), exampleSegments(), PLAIN)).toMatch(/\+70\.060000 +│ +assumed +│ CLOSED/);
  });

  it('says so where there are no segments', () => {
    expect(ladder(exampleFlow(), [], PLAIN)).toContain('The capture holds no segment of it.');
    expect(ladder(exampleFlow({ firstPacket: at(0), kind: 'open', initiator: null }), [], PLAIN)).toContain(
      'Still open',
    );
  });

  it('keeps within the width and free of control characters, whatever the flow', () => {
    const segments = fc.array(oddSegment, { maxLength: 15 });
    fc.assert(
      fc.property(oddFlow, segments, fc.integer({ min: 72, max: 200 }), (flow, list, width) => {
        const text = ladder(flow, list, { color: false, width });
        expect(widest(text)).toBeLessThanOrEqual(width);
        expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
        expect(text).not.toMatch(/undefined|NaN|\[object/);
      }),
      { numRuns: 300 },
    );
  });
});
