/** The short way to a flow's teardown against the general one: the same facts wherever the short one is taken. */
import { readdirSync } from 'node:fs';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { captureChunks } from '../../bench/capture.ts';
import { Random } from '../../bench/random.ts';
import { Decoder } from '../../src/decode/decode.ts';
import { DECODED } from '../../src/decode/outcome.ts';
import { ACK, RST, Segment } from '../../src/decode/segment.ts';
import type { FlowSink } from '../../src/flow/sink.ts';
import { FlowTracker } from '../../src/flow/tracker.ts';
import { Trail } from '../../src/flow/trail.ts';
import type { FlowView } from '../../src/flow/view.ts';
import { openCaptures } from '../../src/input/captures.ts';
import { CaptureClock } from '../../src/input/clock.ts';
import { Facts, KINDS, MAX_SPANS, SHAPES } from '../../src/teardown/facts.ts';
import { OrdinaryClose } from '../../src/teardown/ordinary.ts';
import { LINUX } from '../../src/teardown/profiles.ts';
import { Replay } from '../../src/teardown/replay.ts';
import { readSuccessor } from '../../src/teardown/successor.ts';

/** All that the facts say, as a value. */
function told(facts: Facts): unknown {
  const spans = [0, 1].map((side) =>
    Array.from({ length: facts.spans[side]! }, (_, n) => {
      const i = side * MAX_SPANS + n;
      return [facts.spanState[i], facts.spanFrom[i], facts.spanFrame[i]! >>> 0, facts.spanEdge[i], facts.spanBasis[i]];
    }),
  );
  const { client, kind, shape, initiator, notes, position, closedAt, resetEntry, resetBy, resetsIgnored } = facts;
  return {
    ...{ client, kind, shape: SHAPES[shape], initiator, notes, position, closedAt, resetEntry, resetBy, resetsIgnored },
    spans,
    bySide: [
      ...[facts.shift, facts.unseenEnd, facts.finAt, facts.finAckedAt, facts.finBehindData, facts.timeWaitFrom],
      ...[facts.timeWaitRestartedAt, facts.timeWaitRestarts, facts.timeWaitEndedBy, facts.timeWaitEnd],
    ].map((column) => Array.from(column)),
    frames: [facts.timeWaitFrames(0), facts.timeWaitFrames(1)],
  };
}

/** Runs both on every flow that ends. */
class Comparison implements FlowSink {
  flows = 0;
  ordinary = 0;
  /** the kinds and shapes that the short way told */
  readonly ways = new Set<string>();
  private readonly short = new Replay();
  private readonly general = new Replay(false);
  private readonly next = new Trail();
  private readonly clock: CaptureClock;

  constructor(clock: CaptureClock) {
    this.clock = clock;
  }

  flowEnded(flow: FlowView, next: FlowView | null): void {
    let successor = null;
    if (next !== null) {
      next.loadTrail(this.next);
      successor = readSuccessor(next, this.next, flow);
    }
    const end = (this.clock.lastSeconds - flow.float(32)) * 1e9 + this.clock.lastNanoseconds;
    const profiles = [LINUX, LINUX] as const;
    expect(told(this.short.run(flow, end, profiles, successor))).toEqual(
      told(this.general.run(flow, end, profiles, successor)),
    );
    this.flows++;
    const facts = new Facts();
    if (!new OrdinaryClose(facts).run(flow, profiles)) return;
    this.ordinary++;
    this.ways.add(`${KINDS[facts.kind]} ${SHAPES[facts.shape]}`);
  }

  summarize(flow: FlowView): void {
    this.flowEnded(flow, null);
  }

  flowExpired(): void {}
}

/** @param disturb changes the segment, or says how often it is seen */
async function compare(file: string, bytes: Buffer | null, disturb: (segment: Segment) => number): Promise<Comparison> {
  const stdin = bytes === null ? undefined : Readable.from([bytes]);
  const captures = await openCaptures([file], { stdin });
  const clock = new CaptureClock();
  const comparison = new Comparison(clock);
  const tracker = new FlowTracker(comparison, clock);
  const decoder = new Decoder();
  const segment = new Segment();
  await captures.forEach((record) => {
    clock.see(record);
    if (decoder.decode(record, segment) !== DECODED) return;
    for (let times = disturb(segment); times > 0; times--) tracker.track(segment);
  });
  tracker.finish();
  return comparison;
}

function capture(flows: number, seed: number): Buffer {
  return Buffer.concat(Array.from(captureChunks('short-connections', flows, seed), (chunk) => Buffer.from(chunk)));
}

describe('an ordinary close', () => {
  const stories = readdirSync('fixtures', { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.pcap(ng)?$/.test(name),
  );
  it('is told alike in every capture of the fixtures', async () => {
    let ordinary = 0;
    for (const name of stories) ordinary += (await compare(`fixtures/${name}`, null, () => 1)).ordinary;
    expect(ordinary).toBeGreaterThan(100);
  });

  it('is told alike in connections of every shape, and is what most of them have', async () => {
    const { flows, ordinary, ways } = await compare('-', capture(3000, 1), () => 1);
    expect(flows).toBeGreaterThanOrEqual(3000);
    expect(ordinary).toBeGreaterThan(2500);
    expect([...ways].sort()).toEqual([
      'aborted rst',
      'aborted-after-fin fin-rst',
      'graceful four-segment',
      'graceful half-close',
      'graceful three-segment',
      'refused rst',
    ]);
  });

  it('is told alike where RSTs come with other numbers, TTLs and times', async () => {
    const random = new Random(7);
    const { ordinary } = await compare('-', capture(3000, 7), (segment) => {
      if ((segment.flags & RST) === 0) return random.chance(0.01) ? 0 : 1;
      const one = random.between(0, 9);
      if (one === 0) segment.seq += random.between(-1, 1);
      if (one === 1) segment.ttl ^= 3;
      if (one === 2) segment.seconds += random.between(-1, 70);
      if (one === 3) segment.flags ^= ACK;
      if (one === 4) segment.ack += random.between(-1, 1);
      return one === 5 ? 2 : 1;
    });
    expect(ordinary).toBeGreaterThan(2000);
  });

  it.each([1, 2, 3, 4])('is told alike where segments are lost, repeated or changed (seed %i)', async (seed) => {
    const random = new Random(seed);
    const { flows, ordinary } = await compare('-', capture(2000, seed), (segment) => {
      if (random.chance(0.02)) return 0;
      if (random.chance(0.02)) return 2;
      if (random.chance(0.01)) segment.ack += random.between(-2, 2);
      if (random.chance(0.01)) segment.seq += random.between(-2, 2);
      if (random.chance(0.01)) segment.flags ^= 1 << random.between(0, 4);
      if (random.chance(0.01)) segment.seconds -= 1;
      if (random.chance(0.01)) segment.ack ^= 0x80000000;
      return 1;
    });
    expect(flows).toBeGreaterThan(1900);
    expect(ordinary).toBeGreaterThan(500);
  });
});
