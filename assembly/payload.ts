/** What is counted of payload, as src/flow/ does. */

import * as L from '../src/flow/layout';
import { get, getFloat, set, setFloat } from './words';

const NS_PER_MS: f64 = 1000000;

export function addBytes(record: usize, side: i32, length: i32): void {
  setFloat(record, L.BYTES + 2 * side, getFloat(record, L.BYTES + 2 * side) + <f64>length);
}

/** As addHalfCloseBytes() of src/flow/oddities.ts. */
export function addHalfCloseBytes(record: usize, side: i32, length: i32): void {
  const sum = get(record, L.HALF_CLOSE_BYTES + side) + length;
  set(record, L.HALF_CLOSE_BYTES + side, sum);
  if (<u32>sum < <u32>length) set(record, L.HALF_CLOSE_HIGH, get(record, L.HALF_CLOSE_HIGH) + (1 << (16 * side)));
}

/** The side that sends payload now is not the one that did last. */
export function setTurn(record: usize, time: f64): void {
  set(record, L.TURNED_AT, <i32>(<i64>(time / NS_PER_MS)));
}
