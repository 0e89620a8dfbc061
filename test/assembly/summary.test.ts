/** The ends that the kernel sums up against the general way: the same numbers wherever it does. */
import { readdirSync } from 'node:fs';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { captureChunks } from '../../bench/capture.ts';
import { Random } from '../../bench/random.ts';
import { Decoder } from '../../src/decode/decode.ts';
import { DECODED } from '../../src/decode/outcome.ts';
import { ACK, RST, Segment } from '../../src/decode/segment.ts';
import { CLIENT, KIND, SERVICE, summarize } from '../../src/evidence/summary.ts';
import * as L from '../../src/flow/layout.ts';
import { type FlowSink, SUMMARY_FLOATS } from '../../src/flow/sink.ts';
import { FlowTracker } from '../../src/flow/tracker.ts';
import type { FlowView } from '../../src/flow/view.ts';
import { openCaptures } from '../../src/input/captures.ts';
import { CaptureClock } from '../../src/input/clock.ts';
import * as C from '../../src/kernel/control.ts';
import { Kernel } from '../../src/kernel/kernel.ts';
import { KINDS } from '../../src/teardown/facts.ts';
import { LINUX, type OsProfile, withOverrides } from '../../src/teardown/profiles.ts';
import { Replay } from '../../src/teardown/replay.ts';
import { NS_PER_SECOND } from '../../src/units.ts';

const SERVICE_IS_NOT_TOLD = new Set([SERVICE, CLIENT]);
/** One for all captures: a process can have about a hundred of its memories. */
const kernel = new Kernel();

/** Sums up every flow that has ended, with the kernel and without. */
class Comparison implements FlowSink {
  flows = 0;
  ordinary = 0;
  /** the kinds of end that the kernel told */
  readonly kinds = new Set<string>();
  private readonly replay = new Replay();
  private readonly clock: CaptureClock;
  private readonly profile: OsProfile;

  constructor(clock: CaptureClock, profile: OsProfile) {
    this.clock = clock;
    this.profile = profile;
  }

  flowEnded(): void {}

  flowExpired(): void {}

  summarize(flow: FlowView): void {
    const { clock, profile } = this;
    const base = flow.float(L.BASE_SECONDS);
    const end = (clock.lastSeconds - base) * NS_PER_SECOND + clock.lastNanoseconds;
    const offset = (base - clock.originSeconds) * NS_PER_SECOND;
    const expected = new Float64Array(SUMMARY_FLOATS);
    summarize(this.replay.run(flow, end, [profile, profile], null), flow, [profile, profile], end, offset, expected, 0);
    this.flows++;
    const { timeWaitNs, finWait2Ns } = profile;
    const finWait = finWait2Ns ?? Number.POSITIVE_INFINITY;
    if (kernel.exports.summarize(flow.record, offset, timeWaitNs, timeWaitNs, finWait, finWait) === 0) return;
    this.ordinary++;
    const told = kernel.numbers.slice(C.SUMMARY, C.SUMMARY + SUMMARY_FLOATS);
    const differs = told.some((number, i) => !SERVICE_IS_NOT_TOLD.has(i) && !Object.is(number, expected[i]));
    if (differs) expect(told, `flow ${flow.word(L.ID)}`).toEqual(expected);
    this.kinds.add(KINDS[expected[KIND]!]!);
  }
}

/** @param disturb changes the segment, or says how often it is seen */
async function compare(
  file: string,
  bytes: Buffer | null,
  disturb: (segment: Segment) => number,
  profile: OsProfile = LINUX,
): Promise<Comparison> {
  const stdin = bytes === null ? undefined : Readable.from([bytes]);
  const captures = await openCaptures([file], { stdin });
  const clock = new CaptureClock();
  const comparison = new Comparison(clock, profile);
  kernel.words.fill(0, C.SLOTS);
  const tracker = new FlowTracker(comparison, clock, 1, kernel);
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

describe('an ordinary end', () => {
  const stories = readdirSync('fixtures', { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.pcap(ng)?$/.test(name),
  );
  it('is told alike in every capture of the fixtures', async () => {
    let ordinary = 0;
    for (const name of stories) ordinary += (await compare(`fixtures/${name}`, null, () => 1)).ordinary;
    expect(ordinary).toBeGreaterThan(100);
  });

  it('is told alike in connections of every shape, and is what most of them have', async () => {
    const { flows, ordinary, kinds } = await compare('-', capture(3000, 1), () => 1);
    expect(flows).toBeGreaterThan(2900);
    expect(ordinary).toBeGreaterThan(2500);
    expect([...kinds].sort()).toEqual(['aborted', 'aborted-after-fin', 'graceful', 'refused']);
  });

  it('is told alike with other timers', async () => {
    const short = withOverrides(LINUX, { timeWaitSeconds: 1, finTimeoutSeconds: 0.05 });
    const none = { ...LINUX, finWait2Ns: null };
    for (const profile of [short, none]) {
      const { ordinary } = await compare('-', capture(1000, 9), () => 1, profile);
      expect(ordinary).toBeGreaterThan(800);
    }
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
