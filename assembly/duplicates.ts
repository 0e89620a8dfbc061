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
  const slot = C.PRINTS + ((shareOf(C.PRINT_CLASSES) * C.PRINT_SLOTS + (h & (C.PRINT_SLOTS - 1))) << 3);
  const time = <i32>seconds * C.PRINT_TICKS + (nanoseconds >>> C.PRINT_TICK_SHIFT);
  const age = time - load<i32>(slot + 4);
  const window_ = ipId === 0 ? C.PRINT_WINDOW_WITHOUT_ID : C.PRINT_WINDOW;
  const equal = load<i32>(slot) === h && age >= -window_ && age <= window_;
  store<i32>(slot, h);
  store<i32>(slot + 4, time);
  return equal;
}
