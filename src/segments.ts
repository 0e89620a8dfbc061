/** The second reading of a capture: the segments of one flow, for its ladder. */

import { Decoder } from './decode/decode.ts';
import { DECODED, NO_MORE } from './decode/outcome.ts';
import { ACK, Segment, SYN } from './decode/segment.ts';
import { ALONE } from './decode/shares.ts';
import { Split, type SplitWord } from './decode/split.ts';
import * as L from './flow/layout.ts';
import { NOBODY } from './flow/sink.ts';
import { FlowTracker } from './flow/tracker.ts';
import { openCaptures } from './input/captures.ts';
import { CaptureClock } from './input/clock.ts';
import type { LadderSegment } from './output/ladder.ts';
import type { Flow } from './report/types.ts';
import { NS_PER_SECOND, seqDiff } from './units.ts';

/** Segments kept of one flow: a ladder of more is read by nobody. */
const MOST = 20_000;

/**
 * @param flow of a report on the same files
 * @param splitBy as for that report
 * @returns its first segments in the order of the capture, and how many more there are
 */
export async function segmentsOf(
  files: readonly string[],
  flow: Flow,
  splitBy: readonly SplitWord[] = [],
): Promise<{ segments: LadderSegment[]; more: number }> {
  const captures = await openCaptures(files);
  const clock = new CaptureClock();
  // The same tracker as in the first reading, so that flows have the same numbers; nothing is kept of them.
  const tracker = new FlowTracker(NOBODY, clock);
  const decoder = new Decoder(ALONE, new Split(splitBy));
  const segment = new Segment();
  const segments: LadderSegment[] = [];
  const relative = new Relative();
  let more = 0;
  await captures.forEach((record) => {
    clock.see(record);
    for (let outcome = decoder.decode(record, segment); outcome !== NO_MORE; outcome = decoder.next(segment)) {
      if (outcome !== DECODED) continue;
      const before = tracker.duplicates;
      const id = tracker.track(segment);
      if (id !== flow.id) continue;
      if (segments.length === MOST) {
        more++;
        continue;
      }
      const { flow: view, side } = tracker.current();
      const { seq, ack } = relative.of(segment, side);
      const elapsed =
        (record.seconds - view.float(L.BASE_SECONDS)) * NS_PER_SECOND + record.nanoseconds - view.float(L.FIRST_TIME);
      segments.push({
        frame: record.frame,
        seconds: elapsed / NS_PER_SECOND,
        sender: side === view.clientSide ? 'client' : 'server',
        flags: segment.flags,
        seq,
        ack,
        length: segment.length,
        window: segment.window,
        duplicate: tracker.duplicates > before,
        note: null,
      });
    }
  });
  return { segments, more };
}

/** Sequence numbers relative to each side's first, as tcpdump and Wireshark show them: the SYN is 0. */
class Relative {
  private readonly known = [false, false];
  private readonly first = [0, 0];

  of(segment: Segment, side: number): { seq: number; ack: number } {
    const peer = 1 - side;
    const starts = (segment.flags & SYN) !== 0;
    if (!this.known[side]) {
      this.known[side] = true;
      // Without a SYN the first byte seen counts as 1, as after a handshake.
      this.first[side] = starts ? segment.seq : (segment.seq - 1) | 0;
    }
    const acks = (segment.flags & ACK) !== 0;
    if (acks && !this.known[peer]) {
      this.known[peer] = true;
      this.first[peer] = (segment.ack - 1) | 0;
    }
    return { seq: seqDiff(segment.seq, this.first[side]!), ack: acks ? seqDiff(segment.ack, this.first[peer]!) : 0 };
  }
}
