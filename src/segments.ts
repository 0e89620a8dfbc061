/** The second reading of a capture: the segments of flows, for their ladders. */

import { Decoder } from './decode/decode.ts';
import { DECODED, NO_MORE } from './decode/outcome.ts';
import { ACK, Segment, SYN } from './decode/segment.ts';
import { ALONE } from './decode/shares.ts';
import { Split, type SplitWord } from './decode/split.ts';
import type { Layer } from './flow/encapsulations.ts';
import * as L from './flow/layout.ts';
import { NOBODY } from './flow/sink.ts';
import { FlowTracker } from './flow/tracker.ts';
import type { FlowView } from './flow/view.ts';
import { type CaptureOptions, type CaptureSet, type Moment, openCaptures } from './input/captures.ts';
import { CaptureClock } from './input/clock.ts';
import { LadderKeeper } from './output/ladder-keeper.ts';
import type { LadderSegment, Piece } from './output/ladder-rows.ts';
import { formatAddress } from './report/addresses.ts';
import type { Address, Flow } from './report/types.ts';
import { NS_PER_SECOND, seqDiff } from './units.ts';

/** Segments kept of one flow: a ladder of more is read by nobody. */
export const MOST_SEGMENTS = 20_000;

/** Flows whose segments are kept beside each other. */
export const MOST_LADDERS = 5_000;
/** Of so many flows more pieces are kept than of the others: with this all ladders together have 350,000 at most. */
const LONG_LADDERS = 250;
/** Pieces of a ladder's end, of those and of the others. */
const [LONG_END, END] = [280, 40];

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
  const segments: LadderSegment[] = [];
  const sketch = new Sketch(flow);
  let more = 0;
  await readAgain(await openCaptures(files), splitBy, (read) => {
    if (read.id !== flow.id) return;
    const segment = segments.length === MOST_SEGMENTS ? null : sketch.of(read);
    if (segment === null) more++;
    else segments.push(segment);
  });
  return { segments, more };
}

/** The segments of one flow, runs of data joined. */
export interface KeptLadder {
  pieces: Piece[];
  /** segments that were left out behind the first FIRST_PIECES pieces */
  more: number;
  /** segments that are missing before the first piece: 0 but for what a live capture keeps */
  before: number;
}

/**
 * One reading for many flows, in bounded memory: of each its first pieces and its last ones, those around the close.
 * @param flows of a report on the same files, the most interesting first; those after MOST_LADDERS are left out
 * @param splitBy as for that report
 * @returns by id. A flow of which the files now hold other segments than the report counts has none: they were changed
 * @throws InputError where a file can't be opened
 */
export async function laddersOf(
  files: readonly string[],
  flows: readonly Flow[],
  splitBy: readonly SplitWord[] = [],
  options: Pick<CaptureOptions, 'onProgress'> = {},
): Promise<Map<number, KeptLadder>> {
  const wanted = new Map(flows.slice(0, MOST_LADDERS).map((flow, rank) => [flow.id, new WantedFlow(flow, rank)]));
  await readAgain(await openCaptures(files, options), splitBy, (read) => wanted.get(read.id)?.see(read));
  const ladders = new Map<number, KeptLadder>();
  for (const [id, each] of wanted) if (each.isSame && each.missing === 0) ladders.set(id, each.ladder());
  return ladders;
}

/** A flow of the report while its segments are read. */
export class WantedFlow {
  private readonly flow: Flow;
  private readonly keeper: LadderKeeper;
  private readonly sketch: Sketch;
  private seen = 0;

  constructor(flow: Flow, rank: number) {
    this.flow = flow;
    this.keeper = new LadderKeeper(flow, rank < LONG_LADDERS ? LONG_END : END);
    this.sketch = new Sketch(flow);
  }

  see(read: Read): void {
    const segment = this.sketch.of(read);
    this.seen++;
    if (segment !== null) this.keeper.add(segment);
  }

  /** whether the flow that is read has the ends that the report names */
  get isSame(): boolean {
    return this.sketch.isSame;
  }

  /** Segments that the report counts and that were not seen; below 0: there were more. */
  get missing(): number {
    const { client, server } = this.flow.packets;
    return client + server - this.seen;
  }

  /** Once all were seen; those that are missing are taken for the first ones. */
  ladder(): KeptLadder {
    return { ...this.keeper.ladder(), before: this.missing };
  }
}

/** A segment that was read again; valid during the call. */
export interface Read {
  /** of its flow in this reading */
  id: number;
  frame: number;
  segment: Segment;
  view: FlowView;
  /** which sent it */
  side: number;
  isCopy: boolean;
  /** the tags and tunnels with which its flow began in this reading */
  layers: readonly Layer[];
}

/** Reads captures to their end. @param take is given every segment */
export async function readAgain(
  captures: CaptureSet,
  splitBy: readonly SplitWord[],
  take: (read: Read) => void,
): Promise<void> {
  const clock = new CaptureClock();
  // The same tracker as in the first reading, so that flows have the same numbers; nothing is kept of them.
  const tracker = new FlowTracker(NOBODY, clock);
  const decoder = new Decoder(ALONE, new Split(splitBy));
  const segment = new Segment();
  await captures.forEach((record) => {
    clock.see(record);
    for (let outcome = decoder.decode(record, segment); outcome !== NO_MORE; outcome = decoder.next(segment)) {
      if (outcome !== DECODED) continue;
      const before = tracker.duplicates;
      const id = tracker.track(segment);
      const { flow: view, side } = tracker.current();
      const layers = tracker.encapsulations.get(view.encapsulation) ?? [];
      take({ id, frame: record.frame, segment, view, side, isCopy: tracker.duplicates > before, layers });
    }
  });
}

/** The segments of a flow as its ladder has them. */
export class Sketch {
  /** whether the flow that was read again has the ends that the report names */
  isSame = true;
  private readonly flow: Flow;
  private readonly start: Moment;
  private readonly relative = new Relative();
  private clientSide: number | null = null;

  constructor(flow: Flow) {
    this.flow = flow;
    this.start = momentOf(flow.firstPacket);
  }

  /** @returns null where the flow is another one: the capture was changed */
  of({ frame, segment, view, side, isCopy }: Read): LadderSegment | null {
    this.clientSide ??= clientSideOf(view, this.flow);
    this.isSame = this.clientSide !== null;
    if (this.clientSide === null) return null;
    const { seq, ack } = this.relative.of(segment, side);
    const { seconds, nanoseconds } = this.start;
    const elapsed = (segment.seconds - seconds) * NS_PER_SECOND + segment.nanoseconds - nanoseconds;
    return {
      frame,
      seconds: elapsed / NS_PER_SECOND,
      sender: side === this.clientSide ? 'client' : 'server',
      flags: segment.flags,
      seq,
      ack,
      length: segment.length,
      window: segment.window,
      duplicate: isCopy,
      note: null,
    };
  }
}

/** @param time RFC 3339, as reports have it */
export function momentOf(time: string): Moment {
  return { seconds: Date.parse(`${time.slice(0, 19)}Z`) / 1000, nanoseconds: Number(time.slice(20, 29)) };
}

/** Which side is the report's client: it may be decided by a later segment. Null: the ends are others. */
export function clientSideOf(view: FlowView, { client, server }: Flow): number | null {
  const { clientSide } = view;
  if (isEnd(view, clientSide, client) && isEnd(view, 1 - clientSide, server)) return clientSide;
  return isEnd(view, clientSide, server) && isEnd(view, 1 - clientSide, client) ? 1 - clientSide : null;
}

function isEnd(view: FlowView, side: number, { address, port }: Address): boolean {
  const ports = view.word(L.PORTS);
  if ((side === 0 ? ports >>> 16 : ports & 0xffff) !== port) return false;
  return formatAddress(view.ints, view.at + (side === 0 ? L.ADDRESS_0 : L.ADDRESS_1)) === address;
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
