/** Big-endian reads by shifts: they need no view of the buffer (common.ts has one). The caller has checked the bounds. */

export function u16(data: Uint8Array, at: number): number {
  return (data[at]! << 8) | data[at + 1]!;
}

/** Little-endian: radiotap and PPI are, whatever the rest of the capture is. */
export function u16le(data: Uint8Array, at: number): number {
  return data[at]! | (data[at + 1]! << 8);
}

export function i32le(data: Uint8Array, at: number): number {
  return u16le(data, at) | (u16le(data, at + 2) << 16);
}

/** As int32, the form in which sequence numbers and address words are kept. */
export function i32(data: Uint8Array, at: number): number {
  return (data[at]! << 24) | (data[at + 1]! << 16) | (data[at + 2]! << 8) | data[at + 3]!;
}
