/** Big-endian reads by shifts: they need no view of the buffer (common.ts has one). The caller has checked the bounds. */

export function u16(data: Uint8Array, at: number): number {
  return (data[at]! << 8) | data[at + 1]!;
}

/** As int32, the form in which sequence numbers and address words are kept. */
export function i32(data: Uint8Array, at: number): number {
  return (data[at]! << 24) | (data[at + 1]! << 16) | (data[at + 2]! << 8) | data[at + 3]!;
}
