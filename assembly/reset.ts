/** Whether an RST ends both ends beyond doubt; src/teardown/resets.ts and reset-origin.ts judge all others. */
import { ACK } from '../src/decode/flags';
import * as L from '../src/flow/layout';
import * as T from '../src/flow/trail-layout';
import { CLOCK_TIME, FOREIGN_STEP } from '../src/teardown/distances';
import { entry, ofSide, sideOf, time } from './ending';
import { get } from './words';

/** Whether the trail's last segment, an RST, ends its sender and its receiver: src/teardown/resets.ts. */
export function ends(index: i32, by: i32): bool {
  const reset = entry(index);
  if ((get(reset, T.E_META) & T.E_CONTEXT) === 0) return false;
  const context = entry(index + 1);
  const known = get(context, T.C_BITS);
  if ((known & T.C_MISSING) !== 0) return false;
  const seq = get(reset, T.E_SEQ);
  const isExact =
    (known & (T.C_PEER_ACKED | T.C_SENT)) === 0 ||
    ((known & T.C_PEER_ACKED) !== 0 && seq === get(context, T.C_PEER_ACK)) ||
    ((known & T.C_SENT) !== 0 && seq === get(context, T.C_SND_MAX));
  const bits = ofSide(by, L.SIDE_FLAGS);
  const isForeign =
    (bits & L.OCCUPIES) !== 0 && get(context, T.C_TTL_ID) >>> 16 !== (bits & L.TTL_MASK) >>> L.TTL_SHIFT;
  // An IP identification that is none of the sender's next; a reply without a socket has any.
  const isBare = get(context, T.C_WINDOW) === 0 && known >>> 8 === 0;
  const id = get(context, T.C_TTL_ID) & 0xffff;
  const last = get(context, T.C_LAST_ID);
  const step = <i32>(<i16>(id - last));
  const isJump = !isBare && id !== 0 && last !== 0 && (step > FOREIGN_STEP || step < -FOREIGN_STEP);
  return isExact && !isForeign && !isJump && !isUnlikeItsSender(reset, context, index, by);
}

/** Whether an RST lacks what a live socket's has, or has a timestamp that stood still: signs for src/teardown/reset-origin.ts to judge. */
function isUnlikeItsSender(reset: usize, context: usize, index: i32, by: i32): bool {
  const isAbort = get(context, T.C_WINDOW) !== 0 || get(context, T.C_BITS) >>> 8 !== 0;
  const counts = get(context, T.C_LAST_ID) !== 0;
  if ((get(reset, T.E_META) & ACK) === 0 && get(context, T.C_WINDOW) !== 0) return true;
  if (isAbort && counts && (get(context, T.C_TTL_ID) & 0xffff) === 0) return true;
  const isStamped = (get(reset, T.E_META) & T.E_HAS_TS) !== 0;
  for (let i = index - 1; i >= 0; i--) {
    if (sideOf(i) !== by || (get(entry(i), T.E_META) & T.E_HAS_TS) === 0) continue;
    if (!isStamped) return isAbort && counts;
    const passed = time(index) - time(i);
    const ticks = get(reset, T.E_TSVAL) - get(entry(i), T.E_TSVAL);
    return passed > CLOCK_TIME && <f64>ticks < passed / 1e9 - 1;
  }
  return false;
}
