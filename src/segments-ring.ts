/** The segments of flows from what a live capture has kept: the newest packets, of which the first ones may be gone. */

import { type SplitWord, splitRuleOf } from './decode/split.ts';
import type { Layer } from './flow/encapsulations.ts';
import * as L from './flow/layout.ts';
import type { FlowView } from './flow/view.ts';
import type { CaptureOptions, Moment } from './input/captures.ts';
import type { RingSnapshot } from './live/ring.ts';
import type { LadderSegment } from './output/ladder-rows.ts';
import { formatAddress } from './report/addresses.ts';
import type { Encapsulation, Flow } from './report/types.ts';
import {
  type KeptLadder,
  MOST_LADDERS,
  MOST_SEGMENTS,
  momentOf,
  type Read,
  readAgain,
  Sketch,
  WantedFlow,
} from './segments.ts';

/**
 * As laddersOf() with files. A ladder of which the first segments are gone says how many; its sequence numbers count from the
 * first one that is there.
 * @param ring taken after the report was made: it may hold more than that
 * @param flows of the report, the most interesting first
 * @returns by id. A flow has none where nothing of it is kept
 * @throws InputError never of a ring that holds a packet
 */
export async function laddersFromRing(
  ring: RingSnapshot,
  flows: readonly Flow[],
  splitBy: readonly SplitWord[] = [],
  options: Pick<CaptureOptions, 'onProgress'> = {},
): Promise<Map<number, KeptLadder>> {
  const ladders = new Map<number, KeptLadder>();
  if (ring.packets === 0) return ladders;
  const some = flows.slice(0, MOST_LADDERS);
  const wanted = new Map(some.map((flow, rank) => [flow, new WantedFlow(flow, rank)]));
  const again = new FlowsAgain(some, splitBy);
  await readAgain(await ring.open(options), splitBy, (read) => {
    const flow = again.of(read);
    const each = flow === null ? undefined : wanted.get(flow);
    // Two segments of one instant: the report may have been made between them.
    if (each !== undefined && each.missing > 0) each.see(read);
  });
  for (const [flow, each] of wanted) {
    const { client, server } = flow.packets;
    const isThere = ring.framesBefore === 0 ? each.missing === 0 : each.missing < client + server;
    if (each.isSame && isThere) ladders.set(flow.id, each.ladder());
  }
  return ladders;
}

/**
 * As segmentsOf() with files.
 * @param ring taken after the report was made
 * @returns its first segments that are there, how many more there are behind these, and how many are gone before them
 */
export async function segmentsFromRing(
  ring: RingSnapshot,
  flow: Flow,
  splitBy: readonly SplitWord[] = [],
): Promise<{ segments: LadderSegment[]; more: number; before: number }> {
  const segments: LadderSegment[] = [];
  let missing = flow.packets.client + flow.packets.server;
  if (ring.packets === 0) return { segments, more: 0, before: missing };
  const sketch = new Sketch(flow);
  const again = new FlowsAgain([flow], splitBy);
  let more = 0;
  await readAgain(await ring.open(), splitBy, (read) => {
    if (missing === 0 || again.of(read) === null) return;
    missing--;
    const segment = segments.length === MOST_SEGMENTS ? null : sketch.of(read);
    if (segment === null) more++;
    else segments.push(segment);
  });
  return { segments, more, before: missing };
}

interface Candidate {
  flow: Flow;
  first: Moment;
  last: Moment;
}

/**
 * Finds the report's flows again in a reading that lacks the beginning, where flows have other numbers: by both ends and the
 * time, since a pair of ends can have one flow after the other; and by what `--split-by` tells apart.
 */
export class FlowsAgain {
  private readonly byEnds = new Map<string, Candidate[]>();
  private readonly splitBy: readonly SplitWord[];
  /** by the number in this reading: flows with these ends, and which of them its last segment was of */
  private readonly known = new Map<number, { candidates: readonly Candidate[]; current: Candidate | null }>();

  constructor(flows: readonly Flow[], splitBy: readonly SplitWord[]) {
    this.splitBy = splitBy;
    for (const flow of flows) {
      const candidate = { flow, first: momentOf(flow.firstPacket), last: momentOf(flow.lastPacket) };
      const key = keyOf([
        endText(flow.client.address, flow.client.port),
        endText(flow.server.address, flow.server.port),
      ]);
      const others = this.byEnds.get(key);
      if (others === undefined) this.byEnds.set(key, [candidate]);
      else others.push(candidate);
    }
  }

  /** @returns the flow of which a segment is; null: of none of those named */
  of({ id, segment, view, layers }: Pick<Read, 'id' | 'segment' | 'view' | 'layers'>): Flow | null {
    let known = this.known.get(id);
    if (known === undefined) {
      known = { candidates: this.candidatesOf(view, layers), current: null };
      this.known.set(id, known);
    }
    const holds = ({ first, last }: Candidate) => compare(first, segment) <= 0 && compare(segment, last) <= 0;
    if (known.current === null || !holds(known.current)) {
      // Times that overlap are those of a capture out of order: of two flows the later one has taken the ends.
      const later = (a: Candidate | null, b: Candidate) => (a === null || compare(a.first, b.first) < 0 ? b : a);
      known.current = known.candidates.filter(holds).reduce(later, null);
    }
    return known.current?.flow ?? null;
  }

  private candidatesOf(view: FlowView, layers: readonly Layer[]): Candidate[] {
    const ports = view.word(L.PORTS);
    const address = (at: number) => formatAddress(view.ints, view.at + at);
    const ends = [endText(address(L.ADDRESS_0), ports >>> 16), endText(address(L.ADDRESS_1), ports & 0xffff)];
    const group = groupOf(layers, this.splitBy);
    const candidates = this.byEnds.get(keyOf(ends)) ?? [];
    return candidates.filter(({ flow }) => groupOf(layersOf(flow.encapsulation), this.splitBy) === group);
  }
}

function compare(a: Moment, b: Moment): number {
  return a.seconds - b.seconds || a.nanoseconds - b.nanoseconds;
}

function endText(address: string, port: number): string {
  return `${address} ${port}`;
}

function keyOf(ends: readonly string[]): string {
  return ends.toSorted().join(' ');
}

/** As a report has it: VLANs apart from tunnels. */
function layersOf(encapsulation: Encapsulation | null): Layer[] {
  if (encapsulation === null) return [];
  const { vlans, tunnels } = encapsulation;
  return [
    ...vlans.map((id) => ({ kind: 'vlan', id }) as Layer),
    ...tunnels.map(({ type, id }) => ({ kind: type, id }) as Layer),
  ];
}

/** What of tags and tunnels tells flows apart (decode/split.ts), as text. */
function groupOf(layers: readonly Layer[], splitBy: readonly SplitWord[]): string {
  const vlans = layers.filter(({ kind }) => kind === 'vlan');
  const others = layers.filter(({ kind }) => kind !== 'vlan');
  return [...vlans, ...others]
    .map(({ kind, id }) => {
      const rule = splitRuleOf(kind);
      return rule === null || !splitBy.includes(rule.word) ? '' : `${kind}:${rule.numbered ? (id ?? 0) : ''} `;
    })
    .join('');
}
