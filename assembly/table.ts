/** Finding a flow by its 4-tuple, in the table of src/flow/table.ts: the same hash, the same slots. */
import * as L from '../src/flow/layout';
import * as C from '../src/kernel/control';
import { dst3, dst01, dst23, ports, src3, src01, src23 } from './frame';
import { afterRecord, get, recordAddress, set, setWord, word } from './words';

/** No flow has the 4-tuple. */
export const NONE: i32 = -1;
/** One has it whose record stands elsewhere. */
export const ELSEWHERE: i32 = -2;

/** of the segment last looked for */
let hash: i32 = 0;
/** which end sent it: 0 the one that sent the flow's first packet */
export let side: i32 = 0;

function hashOf(): i32 {
  const seed = word(C.SEED);
  let src = src3 ^ seed;
  let dst = dst3 ^ seed;
  if (!isMapped(src01, src23)) src += upper(seed, src01, src23);
  if (!isMapped(dst01, dst23)) dst += upper(seed, dst01, dst23);
  src = (src ^ (src >>> 16)) * <i32>0x85ebca6b;
  dst = (dst ^ (dst >>> 16)) * <i32>0x85ebca6b;
  src = ((src ^ (src >>> 13)) + (ports >>> 16)) * <i32>0xc2b2ae35;
  dst = ((dst ^ (dst >>> 13)) + (ports & 0xffff)) * <i32>0xc2b2ae35;
  const sum = ((src ^ (src >>> 16)) + (dst ^ (dst >>> 16))) * <i32>0x27d4eb2f;
  return sum ^ (sum >>> 15);
}

/** IPv4: ::ffff:a.b.c.d. */
function isMapped(words01: u64, words23: u64): bool {
  return words01 === 0 && <u32>words23 === 0xffff;
}

function upper(seed: i32, words01: u64, words23: u64): i32 {
  let h = (<i32>words01 ^ seed) * <i32>0x85ebca6b;
  h = ((h ^ (h >>> 13)) + <i32>(words01 >>> 32)) * <i32>0xc2b2ae35;
  h = ((h ^ (h >>> 15)) + <i32>words23) * <i32>0x27d4eb2f;
  return h ^ (h >>> 16);
}

/** The record of the segment's 4-tuple, NONE or ELSEWHERE; sets `side`. */
export function find(): i32 {
  hash = hashOf();
  side = 0;
  const slots = <usize>word(C.SLOTS);
  const mask = word(C.SLOT_MASK);
  const limit = word(C.RECORDS + C.LIMIT);
  let i = hash & mask;
  let record = load<i32>(slots + (i << 3) + 4) - 1;
  while (record >= 0) {
    if (load<i32>(slots + (i << 3)) === hash) {
      if (record >= limit) return ELSEWHERE;
      const at = recordAddress(record);
      const own = get(at, L.PORTS);
      if (own === ports && holds(at, at + 16)) return record;
      if (own === rotl<i32>(ports, 16) && holds(at + 16, at)) {
        side = 1;
        return record;
      }
    }
    i = (i + 1) & mask;
    record = load<i32>(slots + (i << 3) + 4) - 1;
  }
  return NONE;
}

function holds(source: usize, destination: usize): bool {
  return (
    load<u64>(source + 8) === src23 &&
    load<u64>(destination + 8) === dst23 &&
    load<u64>(source) === src01 &&
    load<u64>(destination) === dst01
  );
}

/** Whether a list of records has one to give. */
export function hasRoom(list: i32): bool {
  const free = word(list + C.FREE);
  const limit = word(list + C.LIMIT);
  return free >= 0 ? free < limit : word(list + C.NEXT) < limit;
}

/** Whether the table need not grow for one more flow. */
export function hasSlot(): bool {
  return (word(C.SLOT_COUNT) + 1) * 2 <= word(C.SLOT_MASK);
}

/** Makes a record for the segment last looked for, with its key set and all else zero; there is room. */
export function insert(): i32 {
  let record = word(C.RECORDS + C.FREE);
  if (record >= 0) setWord(C.RECORDS + C.FREE, afterRecord(record));
  else {
    record = word(C.RECORDS + C.NEXT);
    setWord(C.RECORDS + C.NEXT, record + 1);
  }
  const at = recordAddress(record);
  setWord(C.RECORDS + C.USED, word(C.RECORDS + C.USED) + 1);
  setWord(C.SLOT_COUNT, word(C.SLOT_COUNT) + 1);
  const slots = <usize>word(C.SLOTS);
  const mask = word(C.SLOT_MASK);
  let i = hash & mask;
  while (load<i32>(slots + (i << 3) + 4) !== 0) i = (i + 1) & mask;
  store<i32>(slots + (i << 3), hash);
  store<i32>(slots + (i << 3) + 4, record + 1);

  set(at, L.IP_IDS, 0);
  for (let p = at + (L.ID << 2); p < at + (L.RECORD_WORDS << 2); p += 8) store<u64>(p, 0);
  store<u64>(at, src01);
  store<u64>(at + 8, src23);
  store<u64>(at + 16, dst01);
  store<u64>(at + 24, dst23);
  set(at, L.PORTS, ports);
  return record;
}
