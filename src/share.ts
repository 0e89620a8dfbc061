/** The pipeline on one page: bytes -> record -> segment -> flow -> teardown facts, for one share of all flows. */

import { Decoder } from './decode/decode.ts';
import { ANOTHER_SHARE, DECODED, FRAGMENT, NO_MORE, SKIP_REASONS } from './decode/outcome.ts';
import { Segment } from './decode/segment.ts';
import type { Share } from './decode/shares.ts';
import { Split } from './decode/split.ts';
import { LIVE_RETENTION, RETENTION } from './flow/patience.ts';
import { FlowTracker } from './flow/tracker.ts';
import type { CaptureSet } from './input/captures.ts';
import { CaptureClock } from './input/clock.ts';
import type { CaptureRecord } from './input/types.ts';
import type { Kernel } from './kernel/kernel.ts';
import type { FlowCollectorOptions } from './report/collector-options.ts';
import { FlowCollector } from './report/flows.ts';
import { Shortcut } from './shortcut.ts';

/** What became of a share's flows. */
export interface ShareRead {
  clock: CaptureClock;
  tracker: FlowTracker;
  collector: FlowCollector;
  /** packets without a segment, by index in SKIP_REASONS */
  skipped: Float64Array;
  /** whether a frame held several packets */
  hasAggregates: boolean;
}

export interface ShareOptions extends FlowCollectorOptions {
  /** each flow is waited for, and the capture may be made meanwhile */
  live?: boolean | undefined;
}

/**
 * Reads all captures to their end. With several shares each thread reads everything, since a packet shows whose it is
 * only when it is decoded: that is the cheap part.
 * @param kernel in whose memory the captures are read: it takes what is as most segments are
 */
export async function readShare(
  captures: CaptureSet,
  share: Share,
  options: ShareOptions,
  kernel: Kernel | null = null,
): Promise<ShareRead> {
  const reader = new ShareReader(share, options, kernel);
  await reader.read(captures);
  reader.finish();
  return reader;
}

/** The pipeline of a share. While it waits for packets, what it has up to then may be looked at. */
export class ShareReader implements ShareRead {
  readonly clock = new CaptureClock();
  readonly tracker: FlowTracker;
  /** may be replaced by one that counts from now on */
  collector: FlowCollector;
  readonly skipped = new Float64Array(SKIP_REASONS.length);
  private readonly share: Share;
  private readonly kernel: Kernel | null;
  private readonly decoder: Decoder;
  private readonly live: boolean;

  constructor(share: Share, { live = false, ...options }: ShareOptions, kernel: Kernel | null) {
    const { clock } = this;
    this.share = share;
    this.kernel = kernel;
    this.live = live;
    this.collector = new FlowCollector(clock, { ...options, shares: share.shares, kernel });
    const retention = live ? LIVE_RETENTION : RETENTION;
    this.tracker = new FlowTracker(this.collector, clock, share.shares, kernel ?? undefined, retention);
    this.collector.attach(this.tracker);
    this.decoder = new Decoder(share, new Split(options.splitBy));
  }

  get hasAggregates(): boolean {
    return this.decoder.metAggregates;
  }

  /** Until the captures end. */
  async read(captures: CaptureSet): Promise<void> {
    const { clock, tracker, decoder, kernel, skipped } = this;
    const shortcut = kernel === null ? null : new Shortcut(kernel, clock, this.share);
    const segment = new Segment();
    if (this.live) captures.onWait = () => tracker.settle();
    await captures.forEach((record: CaptureRecord) => {
      clock.see(record);
      if (shortcut?.take(record)) return;
      for (let outcome = decoder.decode(record, segment); outcome !== NO_MORE; outcome = decoder.next(segment)) {
        if (outcome === DECODED) tracker.track(segment);
        else if (outcome === ANOTHER_SHARE) tracker.pass(segment);
        else skipped[outcome]!++;
      }
    }, shortcut);
  }

  /** Hands over what has no end yet: to be called once. */
  finish(): void {
    this.tracker.finish();
    this.skipped[FRAGMENT]! -= this.decoder.joinedFragments;
  }
}
