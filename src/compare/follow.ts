import type { SplitWord } from '../decode/split.ts';
import type { OneCapture } from './captures.ts';
import type { ClockSamples } from './clock.ts';
import { RowIndex, SegmentColumns } from './columns.ts';
import { isJoined, type Pair } from './join.ts';
import type { Outcomes } from './outcomes.ts';
import { readSegments, type Wanted } from './read.ts';
import { Traffic } from './traffic.ts';

/** The second reading, of as many connections at a time as there is room for. @param most segments of either capture at a time */
export async function followSegments(
  files: readonly [readonly string[], readonly string[]],
  captures: readonly [OneCapture, OneCapture],
  pairs: readonly Pair[],
  samples: ClockSamples,
  outcomes: Outcomes,
  most: number,
  splitBy: readonly SplitWord[],
): Promise<void> {
  const traffic = new Traffic(samples, outcomes);
  const columns = [new SegmentColumns(), new SegmentColumns()] as const;
  const rows = [new RowIndex(), new RowIndex()] as const;
  for (let from = 0; from < pairs.length; ) {
    const to = roundFrom(from, captures, pairs, most);
    for (const side of [0, 1] as const) {
      const wanted = wantedOf(side, captures[side], pairs, from, to);
      const incomplete = await readSegments(files[side], wanted, columns[side], most, splitBy);
      for (const pair of incomplete) outcomes.noteIncomplete(pair);
      rows[side].build(columns[side], from, to - from);
    }
    for (let i = from; i < to; i++) {
      if (!isJoined(pairs[i]!)) continue;
      traffic.compare(i, pairs[i]!, columns, rows);
    }
    from = to;
  }
}

/** The end of the connections whose segments fit beside each other; at least one. */
function roundFrom(
  from: number,
  captures: readonly [OneCapture, OneCapture],
  pairs: readonly Pair[],
  most: number,
): number {
  const segments = [0, 0];
  for (let i = from; i < pairs.length; i++) {
    const { client, server } = pairs[i]!;
    if (!isJoined(pairs[i]!)) continue;
    segments[0]! += captures[0].cards[client]!.packets;
    segments[1]! += captures[1].cards[server]!.packets;
    if (i > from && Math.max(...segments) > most) return i;
  }
  return pairs.length;
}

function wantedOf(side: 0 | 1, { cards }: OneCapture, pairs: readonly Pair[], from: number, to: number): Wanted {
  const wanted: Wanted = {
    pairs: new Int32Array(cards.length + 1).fill(-1),
    clientSides: new Uint8Array(cards.length + 1),
  };
  for (let i = from; i < to; i++) {
    const pair = pairs[i]!;
    if (!isJoined(pair)) continue;
    const id = (side === 0 ? pair.client : pair.server) + 1;
    wanted.pairs[id] = i;
    wanted.clientSides[id] = pair.clientSide[side];
  }
  return wanted;
}
