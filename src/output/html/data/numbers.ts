/**
 * A column of whole numbers as bytes that compress well. Each number is a symbol of one byte, in which gzip sees how often each occurs, and
 * bits that nothing could make shorter. Either the symbol is a number's magnitude and the bits what follows its first three; or there are
 * few different numbers, and the symbol is its place in a list of them.
 */

import { type ByteReader, ByteWriter, folded, unfolded } from './bytes.ts';

/** The largest number, without its sign: twice that is exact. */
export const MOST = 2 ** 52 - 1;
const SYMBOLS = 256;
/** Numbers below this are their own symbols. */
const PLAIN = 4;

/** Of two: to compute them takes longer. */
const POWERS = Float64Array.from({ length: 64 }, (_, i) => 2 ** i);

const LISTED = 1;
const SIGNED = 2;

/** What a column would take, bits: by how often each symbol occurs. */
export function costOf(values: ArrayLike<number>): number {
  const signed = isSigned(values);
  const scale = scaleOf(values);
  const counts = new Float64Array(SYMBOLS);
  let bits = 0;
  for (let i = 0; i < values.length; i++) {
    const symbol = symbolOf(magnitude(values[i]!, scale, signed));
    counts[symbol]!++;
    bits += extraBits(symbol);
  }
  return bits + entropyOf(counts, values.length);
}

export function writeNumbers(writer: ByteWriter, values: ArrayLike<number>): void {
  const list = listOf(values);
  const signed = isSigned(values);
  const scale = scaleOf(values);
  writer.byte((list === null ? 0 : LISTED) + (signed ? SIGNED : 0));
  writer.count(values.length);
  writer.count(scale);
  const symbols = new Uint8Array(values.length);
  if (list !== null) {
    writer.count(list.size);
    for (const value of list.keys()) writer.count(magnitude(value, scale, signed));
    for (let i = 0; i < values.length; i++) symbols[i] = list.get(values[i]!)!;
    writer.raw(symbols);
    return;
  }
  const bits = new BitWriter();
  for (let i = 0; i < values.length; i++) {
    const value = magnitude(values[i]!, scale, signed);
    const symbol = symbolOf(value);
    symbols[i] = symbol;
    bits.write(value, extraBits(symbol));
  }
  writer.raw(symbols);
  writer.block(bits.done());
}

export function readNumbers(reader: ByteReader): Float64Array {
  const mode = reader.byte();
  const values = new Float64Array(reader.count());
  const scale = reader.count();
  const signed = (mode & SIGNED) !== 0;
  const restored = (value: number) => (signed ? unfolded(value) : value) * scale;
  if ((mode & LISTED) !== 0) {
    const list = Array.from({ length: reader.count() }, () => restored(reader.count()));
    for (let i = 0; i < values.length; i++) values[i] = list[reader.byte()]!;
    return values;
  }
  const symbols = reader.raw(values.length);
  const bits = new BitReader(reader.block());
  for (let i = 0; i < values.length; i++) {
    const symbol = symbols[i]!;
    const extra = extraBits(symbol);
    const value = symbol < PLAIN ? symbol : (PLAIN + (symbol % PLAIN)) * POWERS[extra]! + bits.read(extra);
    values[i] = restored(value);
  }
  return values;
}

function symbolOf(value: number): number {
  if (value < PLAIN) return value;
  const extra = Math.max(0, lengthOf(value) - 3);
  return PLAIN * (extra + 1) + (Math.floor(value / POWERS[extra]!) - PLAIN);
}

/** How many bits of a number its symbol leaves out. */
function extraBits(symbol: number): number {
  return symbol < PLAIN ? 0 : (symbol >> 2) - 1;
}

/** In bits, of a whole number from 1 on. */
function lengthOf(value: number): number {
  return value < 2 ** 32 ? 32 - Math.clz32(value) : 64 - Math.clz32(value / 2 ** 32);
}

function magnitude(value: number, scale: number, signed: boolean): number {
  return signed ? folded(value / scale) : value / scale;
}

function isSigned(values: ArrayLike<number>): boolean {
  for (let i = 0; i < values.length; i++) if (values[i]! < 0) return true;
  return false;
}

/** What divides all: times have the capture's unit, or half of it. */
export function scaleOf(values: ArrayLike<number>): number {
  let scale = 0;
  for (let i = 0; i < values.length && scale !== 1; i++) {
    let other = Math.abs(values[i]!);
    while (other !== 0) [scale, other] = [other, scale % other];
  }
  return scale || 1;
}

function entropyOf(counts: Float64Array, total: number): number {
  let bits = 0;
  for (const count of counts) if (count > 0) bits += count * Math.log2(total / count);
  return bits;
}

/** The different numbers and their places, where naming these costs less. */
function listOf(values: ArrayLike<number>): Map<number, number> | null {
  const places = new Map<number, number>();
  const counts = new Float64Array(SYMBOLS);
  for (let i = 0; i < values.length; i++) {
    let place = places.get(values[i]!);
    if (place === undefined) {
      place = places.size;
      if (place === SYMBOLS) return null;
      places.set(values[i]!, place);
    }
    counts[place]!++;
  }
  return places.size * 16 + entropyOf(counts, values.length) < costOf(values) ? places : null;
}

/** Bits from a byte's lowest on. */
class BitWriter {
  private readonly writer = new ByteWriter();
  private held = 0;
  private count = 0;

  /** The lowest bits of a number. */
  write(value: number, bits: number): void {
    let rest = value % 2 ** bits;
    for (let left = bits; left > 0; left -= 16) {
      const some = Math.min(left, 16);
      this.held |= (rest % 2 ** some) << this.count;
      rest = Math.floor(rest / 2 ** some);
      this.count += some;
      for (; this.count >= 8; this.count -= 8, this.held >>>= 8) this.writer.byte(this.held & 0xff);
    }
  }

  done(): Uint8Array {
    if (this.count > 0) this.writer.byte(this.held);
    return this.writer.done();
  }
}

class BitReader {
  private readonly bytes: Uint8Array;
  private at = 0;
  private held = 0;
  private count = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  read(bits: number): number {
    if (bits <= 16) return this.some(bits);
    const low = this.some(16);
    return low + 2 ** 16 * this.read(bits - 16);
  }

  private some(bits: number): number {
    for (; this.count < bits; this.count += 8) this.held |= this.bytes[this.at++]! << this.count;
    const value = this.held & ((1 << bits) - 1);
    this.held >>>= bits;
    this.count -= bits;
    return value;
  }
}
