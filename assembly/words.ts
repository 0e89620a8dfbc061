/** Reading the kernel's memory by the words of src/kernel/control.ts, and a flow's by those of src/flow/layout.ts. */
import * as C from '../src/kernel/control';

export function word(index: i32): i32 {
  return load<i32>(index << 2);
}

export function setWord(index: i32, value: i32): void {
  store<i32>(index << 2, value);
}

export function number(index: i32): f64 {
  return load<f64>(index << 3);
}

export function setNumber(index: i32, value: f64): void {
  store<f64>(index << 3, value);
}

/** A word of the record at an address. */
export function get(record: usize, index: i32): i32 {
  return load<i32>(record + (index << 2));
}

export function set(record: usize, index: i32, value: i32): void {
  store<i32>(record + (index << 2), value);
}

/** A float of the record, by its word. */
export function getFloat(record: usize, index: i32): f64 {
  return load<f64>(record + (index << 2));
}

export function setFloat(record: usize, index: i32, value: f64): void {
  store<f64>(record + (index << 2), value);
}

const RECORDS_MASK: i32 = (1 << C.RECORDS_SHIFT) - 1;
const BLOCKS_MASK: i32 = (1 << C.BLOCKS_SHIFT) - 1;
/** log2 of the bytes of a record, and of a block */
const BYTES_SHIFT: i32 = 8;

/** Address of a record that has its place in this memory. */
export function recordAddress(record: i32): usize {
  const chunk = load<u32>(C.RECORD_CHUNKS + ((record >>> C.RECORDS_SHIFT) << 2));
  return chunk + ((record & RECORDS_MASK) << BYTES_SHIFT);
}

/** Which free record comes after a free one: src/flow/chunks.ts. */
export function afterRecord(record: i32): i32 {
  const chunk = load<u32>(C.RECORD_CHUNKS + ((record >>> C.RECORDS_SHIFT) << 2));
  return load<i32>(chunk + (1 << (C.RECORDS_SHIFT + BYTES_SHIFT)) + ((record & RECORDS_MASK) << 2));
}

export function afterBlock(block: i32): i32 {
  const chunk = load<u32>(C.BLOCK_CHUNKS + ((block >>> C.BLOCKS_SHIFT) << 2));
  return load<i32>(chunk + (1 << (C.BLOCKS_SHIFT + BYTES_SHIFT)) + ((block & BLOCKS_MASK) << 2));
}

/** Address of a block of a trail. */
export function blockAddress(block: i32): usize {
  const chunk = load<u32>(C.BLOCK_CHUNKS + ((block >>> C.BLOCKS_SHIFT) << 2));
  return chunk + ((block & BLOCKS_MASK) << BYTES_SHIFT);
}
