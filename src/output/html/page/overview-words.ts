/** What the overview shows, in numbers. */

import { count, moment, plural } from '../../../words.ts';
import { timeAfter } from './clock.ts';
import { isHatched, tallest } from './overview-draw.ts';
import { axisEnd, crowdOf, STATES, type Timeline } from './timeline.ts';

/** Buckets that the peaks are counted in. */
const BUCKETS = 400;

export interface OverviewWords {
  /** beside the heading */
  caption: string;
  /** for those who do not see it */
  label: string;
  /** indexes of the states that occur */
  states: ReadonlySet<number>;
  /** whether an RST ended any */
  resets: boolean;
  /** whether the filter leaves some out */
  filtered: boolean;
  /** whether it shows what was not observed */
  hatched: boolean;
}

export function overviewWords(line: Timeline, mask: Uint8Array, origin: string): OverviewWords {
  const crowd = crowdOf(line, mask, 1, BUCKETS);
  const peaks = STATES.flatMap((state, row) => {
    const counts = crowd.counts.subarray(row * (BUCKETS + 1), row * (BUCKETS + 1) + BUCKETS);
    const most = counts.reduce((a, b) => Math.max(a, b), 0);
    return most > 0 ? [{ state, most, at: counts.indexOf(most) }] : [];
  });
  const clock = (seconds: number) => moment(timeAfter(origin, seconds), origin);
  const matches = mask.reduce((sum, each) => sum + each, 0);
  const range = `${clock(0)} to ${clock(line.captured)} UTC`;
  const tail = line.last > axisEnd(line) ? `; the longest timer runs to ${clock(line.last)}, beyond the edge` : '';
  const each = peaks.map(
    ({ state, most, at }) => `${state} ${count(Math.ceil(most))} at most, at ${clock((at / BUCKETS) * axisEnd(line))}`,
  );
  const often = Math.ceil(tallest(crowd));
  return {
    caption: `the states of the end that closed first, else of the server; at most ${count(often)} at once${tail}`,
    label: `${plural(matches, 'connection')} from ${range}. At once, on average over ${BUCKETS} parts of the time: ${each.join('; ')}.`,
    states: new Set(line.state),
    resets: line.reset.some((at) => !Number.isNaN(at)),
    filtered: matches < mask.length,
    hatched: isHatched(mask.length) && line.unsure.includes(1),
  };
}
