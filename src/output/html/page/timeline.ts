/** All flows over time, as numbers: the states of the end that closed first, or else of the server. */

import type { TcpState } from '../../../report/types.ts';
import type { FlowStore } from '../data/store.ts';
import { secondsSince } from './clock.ts';

/** The states that are drawn, in the order in which they are passed through; their index is their number. */
export const STATES = [
  'SYN_SENT',
  'SYN_RECEIVED',
  'ESTABLISHED',
  'FIN_WAIT_1',
  'FIN_WAIT_2',
  'CLOSING',
  'TIME_WAIT',
  'CLOSE_WAIT',
  'LAST_ACK',
] as const satisfies readonly TcpState[];

const NUMBER = new Map<TcpState, number>(STATES.map((state, index) => [state, index]));

/** Times in seconds since the capture's first packet. */
export interface Timeline {
  /** the spans of flow i are those from first[i] to first[i + 1], in the order of time */
  first: Uint32Array;
  /** indexes of STATES */
  state: Uint8Array;
  from: Float64Array;
  to: Float64Array;
  /** 1: the span's length is no observation */
  unsure: Uint8Array;
  /** of each flow: its first packet, the later of its last packet and the end of its last span */
  start: Float64Array;
  end: Float64Array;
  /** of each flow: when an RST ended it, NaN where none did */
  reset: Float64Array;
  /** the capture's last packet */
  captured: number;
  /** the latest end of all */
  last: number;
}

/** @param origin the capture's first packet @param captured its length, seconds */
export function timelineOf(flows: FlowStore, origin: string, captured: number): Timeline {
  const seconds = secondsSince(origin);
  const { length } = flows;
  const first = new Uint32Array(length + 1);
  const [start, end, reset] = [new Float64Array(length), new Float64Array(length), new Float64Array(length)];
  const state: number[] = [];
  const from: number[] = [];
  const to: number[] = [];
  const unsure: number[] = [];
  let last = captured;
  for (let i = 0; i < length; i++) {
    const flow = flows.peek(i);
    const lastPacket = seconds(flow.lastPacket);
    // Of an attempt that came to nothing the server has no states.
    const isClient = flow.initiator === 'client' || flow.kind === 'refused' || flow.kind === 'unanswered';
    const { states } = isClient ? flow.endpoints.client : flow.endpoints.server;
    let until = states.length === 0 ? 0 : seconds(states[0]!.from);
    for (let k = 0; k < states.length; k++) {
      const span = states[k]!;
      const number = NUMBER.get(span.state);
      // Spans touch: where the length is known, the next begins there.
      const next = span.seconds !== null ? until + span.seconds : span.to !== null ? seconds(span.to) : lastPacket;
      if (number !== undefined && next > until) {
        state.push(number);
        from.push(until);
        to.push(next);
        unsure.push(span.basis === 'observed' || span.basis === 'kernel' ? 0 : 1);
      }
      until = Math.max(until, next);
    }
    first[i + 1] = state.length;
    start[i] = seconds(flow.firstPacket);
    end[i] = Math.max(lastPacket, until);
    const at = flow.reset?.at ?? null;
    reset[i] = at === null ? Number.NaN : seconds(at);
    last = Math.max(last, end[i]!);
  }
  return {
    first,
    state: new Uint8Array(state),
    from: new Float64Array(from),
    to: new Float64Array(to),
    unsure: new Uint8Array(unsure),
    start,
    end,
    reset,
    captured,
    last,
  };
}

/** Seconds since the capture's first packet, both included. */
export interface Range {
  from: number;
  to: number;
}

/** 1 for each flow that was there at some time of a range, lingering included. */
export function presentIn({ start, end }: Timeline, { from, to }: Range): Uint8Array {
  return Uint8Array.from(start, (begin, index) => (begin <= to && end[index]! >= from ? 1 : 0));
}

/** The axis ends here: what lingers longer than half the capture's length behind its end is cut, else the capture is a sliver. */
export function axisEnd({ captured, last }: Timeline): number {
  return captured === 0 ? Math.max(last, 1e-3) : Math.min(last, captured * 1.5);
}

/** How many flows an RST ended in each bucket. @param mask flows that are counted, those with 1 */
export function resetsOf(line: Timeline, mask: Uint8Array, buckets: number): Float64Array {
  const scale = buckets / axisEnd(line);
  const counts = new Float64Array(buckets);
  for (let i = 0; i < mask.length; i++) {
    const at = line.reset[i]!;
    if (mask[i] === 1 && !Number.isNaN(at)) counts[Math.min(buckets - 1, Math.max(0, Math.floor(at * scale)))]!++;
  }
  return counts;
}

/** How many flows are in each state on average over each bucket: by state, then bucket. */
export interface Crowd {
  buckets: number;
  counts: Float64Array;
}

/** @param mask the flows that are counted: those with the value `wanted` */
export function crowdOf(line: Timeline, mask: Uint8Array, wanted: number, buckets: number): Crowd {
  const scale = buckets / axisEnd(line);
  const counts = new Float64Array(STATES.length * (buckets + 1));
  // Whole buckets as steps up and down, to be summed up; parts of buckets as they are.
  const steps = new Float64Array(counts.length);
  for (let i = 0; i < mask.length; i++) {
    if (mask[i] !== wanted) continue;
    for (let k = line.first[i]!; k < line.first[i + 1]!; k++) {
      const row = line.state[k]! * (buckets + 1);
      const from = Math.min(buckets, Math.max(0, line.from[k]! * scale));
      const to = Math.min(buckets, line.to[k]! * scale);
      if (to <= from) continue;
      const [a, b] = [Math.floor(from), Math.floor(to)];
      if (a === b) counts[row + a]! += to - from;
      else {
        counts[row + a]! += a + 1 - from;
        counts[row + b]! += to - b;
        steps[row + a + 1]!++;
        steps[row + b]!--;
      }
    }
  }
  for (let state = 0; state < STATES.length; state++) {
    let whole = 0;
    for (let bucket = 0; bucket <= buckets; bucket++) {
      const at = state * (buckets + 1) + bucket;
      whole += steps[at]!;
      counts[at]! += whole;
    }
  }
  return { buckets, counts };
}
