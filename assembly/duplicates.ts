/** Recognising a second copy of a packet, in the table of src/flow/duplicates.ts, where it is told how. */
import * as C from '../src/kernel/control';
import {
  ack,
  dst3,
  flags,
  ipId,
  length,
  optionsLength,
  ports,
  seq,
  shareOf,
  src3,
  tsEcr,
  tsVal,
  window,
} from './frame';
import { word } from './words';

export function isDuplicate(seconds: u32, nanoseconds: i32): bool {
  let h =
    (src3 ^ (dst3 << 11) ^ (dst3 >>> 21)) * <i32>0x2c1b3c6d +
    (seq ^ (ports << 16)) * <i32>0x85ebca6b +
    (ack + (flags << 24)) * <i32>0xc2b2ae35 +
    (length ^ (window << 16)) * <i32>0x27d4eb2f +
    (tsVal ^ ((ports >>> 16) << 7)) * <i32>0x165667b1 +
    (tsEcr ^ (ipId << 15) ^ optionsLength) * <i32>0x9e3779b1;
  h ^= h >>> 16;
  h = h * <i32>0x85ebca6b;
  h ^= h >>> 13;
  const set: usize = C.PRINTS + ((shareOf(C.PRINT_CLASSES) * C.PRINT_SETS + (h & C.PRINT_ORIGIN_MASK)) << 4);
  const time = <i32>seconds * C.PRINT_TICKS + (nanoseconds >>> C.PRINT_TICK_SHIFT);
  const print = (h & ~C.PRINT_ORIGIN_MASK) | (word(C.CAPTURED_AT) & C.PRINT_ORIGIN_MASK);
  if (isCopy(set, print, time) || isCopy(set + 8, print, time)) return true;
  store<i64>(set + 8, load<i64>(set));
  store<i32>(set, print);
  store<i32>(set + 4, time);
  return false;
}

/** Whether the packet is a copy of the one whose print stands there. */
function isCopy(at: usize, print: i32, time: i32): bool {
  const difference = load<i32>(at) ^ print;
  if ((difference & ~C.PRINT_ORIGIN_MASK) !== 0) return false;
  const window_ = difference === 0 ? windowHere() : windowElsewhere();
  const age = time - load<i32>(at + 4);
  if (age < -window_ || age > window_) return false;
  if (difference === 0) store<i32>(at + 4, time);
  return true;
}

function windowHere(): i32 {
  return ipId === 0 ? C.PRINT_WINDOW_WITHOUT_ID : C.PRINT_WINDOW;
}

function windowElsewhere(): i32 {
  return (ipId | tsVal) === 0 ? C.PRINT_WINDOW_ELSEWHERE_UNMARKED : C.PRINT_WINDOW_ELSEWHERE;
}
