import { Decoder } from '../decode/decode.ts';
import { DECODED, NO_MORE } from '../decode/outcome.ts';
import { Segment } from '../decode/segment.ts';
import { ALONE } from '../decode/shares.ts';
import { Split, type SplitWord } from '../decode/split.ts';
import { NOBODY } from '../flow/sink.ts';
import { FlowTracker } from '../flow/tracker.ts';
import { openCaptures } from '../input/captures.ts';
import { CaptureClock } from '../input/clock.ts';
import { NS_PER_SECOND } from '../units.ts';
import { TO_CLIENT, TO_SERVER } from './clock.ts';
import type { SegmentColumns } from './columns.ts';

/** Segments of one capture that are held at a time where nobody says otherwise: 160 MB. */
export const MOST_SEGMENTS = 1 << 22;

/** What connections a reading is after. */
export interface Wanted {
  /** by id of the flow its connection, -1 if it is not wanted */
  pairs: Int32Array;
  /** by id of the flow the side that is the client */
  clientSides: Uint8Array;
}

/**
 * Reads a capture again for the segments of some connections, without copies that were captured twice.
 * @param most segments that are kept
 * @param splitBy as in the first reading
 * @returns the connections of which not all are there, since there are more than that
 */
export async function readSegments(
  files: readonly string[],
  wanted: Wanted,
  columns: SegmentColumns,
  most: number,
  splitBy: readonly SplitWord[],
): Promise<Set<number>> {
  const captures = await openCaptures(files);
  const clock = new CaptureClock();
  // The same tracker as in the first reading, so that flows have the same numbers.
  const tracker = new FlowTracker(NOBODY, clock);
  const decoder = new Decoder(ALONE, new Split(splitBy));
  const segment = new Segment();
  const incomplete = new Set<number>();
  columns.clear();
  await captures.forEach((record) => {
    clock.see(record);
    for (let outcome = decoder.decode(record, segment); outcome !== NO_MORE; outcome = decoder.next(segment)) {
      if (outcome !== DECODED) continue;
      const before = tracker.duplicates;
      const id = tracker.track(segment);
      const pair = wanted.pairs[id] ?? -1;
      if (pair < 0 || tracker.duplicates > before) continue;
      if (columns.count === most) {
        incomplete.add(pair);
        continue;
      }
      const { side } = tracker.current();
      const direction = side === wanted.clientSides[id] ? TO_SERVER : TO_CLIENT;
      const time = (segment.seconds - clock.originSeconds) * NS_PER_SECOND + segment.nanoseconds;
      columns.add(pair, direction, time, segment);
    }
  });
  return incomplete;
}
