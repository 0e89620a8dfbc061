import { ACK, RST } from '../decode/segment.ts';
import { seqAfter, seqDiff } from '../units.ts';
import { type ClockSamples, TO_CLIENT, TO_SERVER } from './clock.ts';
import type { RowIndex, SegmentColumns } from './columns.ts';
import type { Pair } from './join.ts';
import { CUT_UP, Matcher, type Rows } from './match.ts';
import { classOf, type Outcomes } from './outcomes.ts';

/** Segments before and behind one that are looked at for another copy of it. */
const NEARBY = 8;

/** Holds the segments of connections against each other, as both captures have them. */
export class Traffic {
  private readonly matcher = new Matcher();
  private readonly samples: ClockSamples;
  private readonly outcomes: Outcomes;
  /** where the server's clock stands beside the client's, ns, roughly: it only orders RSTs */
  private roughOffset = 0;

  constructor(samples: ClockSamples, outcomes: Outcomes) {
    this.samples = samples;
    this.outcomes = outcomes;
  }

  /** @param captures the client's and the server's, and where the rows of each connection are */
  compare(
    index: number,
    pair: Pair,
    captures: readonly [SegmentColumns, SegmentColumns],
    rows: readonly [RowIndex, RowIndex],
  ): void {
    const [client, server] = captures;
    const lists = [TO_SERVER, TO_CLIENT].map((direction) => ({
      client: { columns: client, rows: rows[0].of(index, direction) },
      server: { columns: server, rows: rows[1].of(index, direction) },
    }));
    const [seq, ack] = pair.shift;
    const [toServer, toClient] = [lists[TO_SERVER]!, lists[TO_CLIENT]!];
    this.follow(index, TO_SERVER, toServer.client, toServer.server, { seq, ack }, toClient.server);
    this.follow(index, TO_CLIENT, toClient.server, toClient.client, { seq: -ack | 0, ack: -seq | 0 }, toServer.client);
  }

  /** One direction. @param answers what the receiver sent, in its own capture */
  private follow(
    index: number,
    direction: number,
    sent: Rows,
    received: Rows,
    shifts: { seq: number; ack: number },
    answers: Rows,
  ): void {
    const { matcher, outcomes, samples } = this;
    matcher.run(sent, received, shifts);
    let receipts: Receipts | null = null;
    for (let i = 0; i < sent.rows.length; i++) {
      const row = sent.rows[i]!;
      const arrival = matcher.arrival[i]!;
      const { columns } = sent;
      const flags = columns.flags(row);
      outcomes.noteSent(direction, flags, columns.length[row]!, arrival >= 0);
      if ((flags & RST) !== 0) this.noteReset(index, direction, direction, sent, row);
      if (arrival >= 0) {
        if (arrival === CUT_UP || matcher.certain[i] === 0) continue;
        const [here, there] = [columns.time[row]!, received.columns.time[received.rows[arrival]!]!];
        const [client, server] = direction === TO_SERVER ? [here, there] : [there, here];
        this.roughOffset = server - client;
        samples.add(direction, client, server);
        continue;
      }
      receipts ??= new Receipts(received, answers, shifts);
      // What the receiver acknowledges, and never got but so, its capture has missed.
      if (receipts.prove(columns.seq[row]!, columns.occupies(row))) continue;
      const kind = classOf(flags, columns.length[row]!);
      outcomes.unmatched(index, direction, columns.time[row]!, kind, isRepeated(sent, i));
    }
    for (let i = 0; i < received.rows.length; i++) {
      const row = received.rows[i]!;
      const { columns } = received;
      const isReset = (columns.flags(row) & RST) !== 0;
      if (matcher.origin[i]! < 0) outcomes.surprise(index, direction, columns.time[row]!, columns.frame[row]!, isReset);
      // One that was seen to leave is its sender's at the other end too.
      else if (isReset) this.noteReset(index, direction, 1 - direction, received, row);
    }
  }

  /** @param capture 0 the client's, 1 the server's */
  private noteReset(index: number, direction: number, capture: number, { columns }: Rows, row: number): void {
    const time = columns.time[row]! - (capture === 0 ? 0 : this.roughOffset);
    this.outcomes.ownReset(index, direction, time, capture, columns.frame[row]!);
  }
}

/** Whether its sender has sent the same again. */
function isRepeated({ columns, rows }: Rows, i: number): boolean {
  const row = rows[i]!;
  for (let j = Math.max(0, i - NEARBY); j <= i + NEARBY && j < rows.length; j++) {
    const other = rows[j]!;
    if (j === i || columns.seq[other] !== columns.seq[row] || columns.length[other] !== columns.length[row]) continue;
    if (columns.flags(other) === columns.flags(row)) return true;
  }
  return false;
}

/** What the receiver's capture has of a direction, and what its end acknowledges: in the sender's numbers. */
class Receipts {
  private readonly ranges: { from: number; to: number }[] = [];
  private readonly base: number;
  private acked: number | null = null;

  constructor(received: Rows, answers: Rows, shifts: { seq: number }) {
    const { columns, rows } = received;
    for (const row of answers.rows) {
      const ack = (answers.columns.ack[row]! - shifts.seq) | 0;
      if ((answers.columns.flags(row) & (ACK | RST)) !== ACK) continue;
      if (this.acked === null || seqAfter(ack, this.acked)) this.acked = ack;
    }
    this.base = rows.length === 0 ? 0 : (columns.seq[rows[0]!]! - shifts.seq) | 0;
    const ranges = Array.from(rows, (row) => {
      const from = seqDiff((columns.seq[row]! - shifts.seq) | 0, this.base);
      return { from, to: from + columns.occupies(row) };
    }).filter(({ from, to }) => to > from);
    for (const range of ranges.sort((a, b) => a.from - b.from)) {
      const last = this.ranges.at(-1);
      if (last !== undefined && range.from <= last.to) last.to = Math.max(last.to, range.to);
      else this.ranges.push(range);
    }
  }

  /** Whether these numbers came, though the capture does not have them. */
  prove(seq: number, length: number): boolean {
    if (length === 0 || this.acked === null || seqDiff(this.acked, (seq + length) | 0) < 0) return false;
    const from = seqDiff(seq, this.base);
    let [low, high] = [0, this.ranges.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.ranges[middle]!.from <= from) low = middle + 1;
      else high = middle;
    }
    return low === 0 || this.ranges[low - 1]!.to < from + length;
  }
}
