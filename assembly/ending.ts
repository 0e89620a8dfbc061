/** The trail of a flow that has ended, and what each side's record says: src/flow/trail.ts, in one block. */
import { ACK, FIN, RST, SYN } from '../src/decode/flags';
import * as L from '../src/flow/layout';
import * as T from '../src/flow/trail-layout';
import { blockAddress, get } from './words';

const ENTRY_BYTES: i32 = T.ENTRY_WORDS << 2;

/** of the flow at hand */
export let record: usize = 0;
let trail: usize = 0;

export function point(flow: usize, head: i32): void {
  record = flow;
  trail = blockAddress(head);
}

export function ofSide(side: i32, index: i32): i32 {
  return get(record, L.SIDE + side * L.SIDE_WORDS + index);
}

export function entry(index: i32): usize {
  return trail + index * ENTRY_BYTES;
}

export function time(index: i32): f64 {
  return load<f64>(entry(index));
}

/** Whether an entry is such a segment, up to which its sender had sent everything, and nothing is missing. */
export function is(index: i32, side: i32, kind: i32): bool {
  const mask = SYN | FIN | RST | ACK | (1 << T.E_SIDE_SHIFT) | T.E_CONTIGUOUS | T.E_ID_GAP;
  return (get(entry(index), T.E_META) & mask) === (kind | (side << T.E_SIDE_SHIFT) | T.E_CONTIGUOUS);
}

export function seqOf(index: i32): i32 {
  return get(entry(index), T.E_SEQ);
}

export function ackOf(index: i32): i32 {
  return get(entry(index), T.E_ACK);
}

export function sideOf(index: i32): i32 {
  return (get(entry(index), T.E_META) >> T.E_SIDE_SHIFT) & 1;
}

/** Whether its times never go back; a last entry that only says more of an RST has none. */
export function isInOrder(count: i32): bool {
  const last = (get(entry(count - 2), T.E_META) & T.E_CONTEXT) === 0 ? count : count - 1;
  for (let i = 1; i < last; i++) if (!(time(i) >= time(i - 1))) return false;
  return true;
}
