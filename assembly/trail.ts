/** Adding to a flow's trail (src/flow/trail-writer.ts) where its newest block has room, or it has none yet. */
import * as L from '../src/flow/layout';
import * as T from '../src/flow/trail-layout';
import * as C from '../src/kernel/control';
import { ack, hasTimestamps, seq, tsEcr, tsVal } from './frame';
import { afterBlock, blockAddress, get, set, setFloat, setWord, word } from './words';

/** Whether the next entry goes into the block that the trail has, and that block stands in this memory. */
export function hasTrailRoom(record: usize): bool {
  const count = get(record, L.FLAGS) >>> L.TRAIL_COUNT_SHIFT;
  return count < T.MAX_TRAIL && count % T.BLOCK_ENTRIES !== 0 && get(record, L.TRAIL_TAIL) < word(C.BLOCKS + C.LIMIT);
}

/** A new flow's first block; there is room. */
export function beginTrail(record: usize): void {
  let block = word(C.BLOCKS + C.FREE);
  if (block >= 0) setWord(C.BLOCKS + C.FREE, afterBlock(block));
  else {
    block = word(C.BLOCKS + C.NEXT);
    setWord(C.BLOCKS + C.NEXT, block + 1);
  }
  setWord(C.BLOCKS + C.USED, word(C.BLOCKS + C.USED) + 1);
  set(record, L.TRAIL_HEAD, block);
  set(record, L.TRAIL_TAIL, block);
}

/** Adds the segment. @param meta of E_META all but what the options say */
export function leave(record: usize, meta: i32, time: f64, frame: i32): void {
  const flags = get(record, L.FLAGS);
  const count = flags >>> L.TRAIL_COUNT_SHIFT;
  const entry = blockAddress(get(record, L.TRAIL_TAIL)) + (count % T.BLOCK_ENTRIES) * (T.ENTRY_WORDS << 2);
  set(record, L.FLAGS, flags + (1 << L.TRAIL_COUNT_SHIFT));
  setFloat(entry, 0, time);
  set(entry, T.E_FRAME, frame);
  set(entry, T.E_META, hasTimestamps ? meta | T.E_HAS_TS : meta);
  set(entry, T.E_SEQ, seq);
  set(entry, T.E_ACK, ack);
  set(entry, T.E_TSVAL, tsVal);
  set(entry, T.E_TSECR, tsEcr);
}
