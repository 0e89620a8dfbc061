/**
 * Zstandard (RFC 8878). fzstd decompresses blocks; what is around them is read here, since fzstd would believe any
 * window and any block, and does not look at checksums.
 */
import { Transform, type TransformCallback } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { Decompress } from 'fzstd';
import { u16le, u32le } from './bytes.ts';
import { Xxh64 } from './xxh64.ts';

/** First four bytes of a frame, little-endian, and of one to be skipped, whose last four bits are free. */
export const ZSTD_MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;

/** The largest window that zstd itself takes unless it is told to (--long=27), bytes. */
const MOST_WINDOW = 1 << 27;
/** Block_Maximum_Size, bytes. */
const MOST_BLOCK = 1 << 17;
/** fzstd keeps a few bytes for each block of a frame. Of full blocks these hold 512 GB. */
const MOST_BLOCKS = 1 << 22;
/** How long the event loop may wait for us, milliseconds. */
const SLICE_MS = 50;

// Types of blocks.
const RLE = 1;
const RESERVED = 3;

interface Frame {
  decoder: Decompress;
  /** bytes that it shall hold; null where it doesn't say */
  content: number | null;
  produced: number;
  mostBlock: number;
  blocks: number;
  /** null where it has no checksum */
  hash: Xxh64 | null;
  isComplete: boolean;
}

/** Decompresses a stream of frames. Fails with the code Z_BUF_ERROR, as zlib's streams do, where it is cut. */
export class ZstdDecoder extends Transform {
  #parts: Uint8Array[] = [];
  #held = 0;
  /** bytes that the next step needs */
  #need = 1;
  #skip = 0;
  #frame: Frame | null = null;

  override _transform(chunk: Uint8Array, _: BufferEncoding, done: TransformCallback): void {
    this.#parts.push(Uint8Array.from(chunk)); // the window that it is of will be filled anew
    this.#held += chunk.length;
    this.#work().then(() => done(), done);
  }

  override _flush(done: TransformCallback): void {
    const isCut = this.#held > 0 || this.#skip > 0 || this.#frame !== null;
    const cut = Object.assign(new Error('unexpected end of file'), { code: 'Z_BUF_ERROR' });
    setImmediate().then(() => done(isCut ? cut : null), done);
  }

  /** Takes as many steps as the bytes allow. An error waits until what was found before it has been read. */
  async #work(): Promise<void> {
    if (this.#held < this.#need) return;
    const bytes = Buffer.concat(this.#parts);
    let at = 0;
    let until = performance.now() + SLICE_MS;
    try {
      for (;;) {
        if (performance.now() > until) {
          await setImmediate();
          until = performance.now() + SLICE_MS;
        }
        const skipped = Math.min(this.#skip, bytes.length - at);
        this.#skip -= skipped;
        at += skipped;
        this.#need = this.#sizeOfStep(bytes, at);
        if (at + this.#need > bytes.length) break;
        this.#step(bytes.subarray(at, at + this.#need));
        at += this.#need;
      }
    } catch (error) {
      await setImmediate();
      throw error;
    }
    this.#parts = [bytes.subarray(at)];
    this.#held = bytes.length - at;
  }

  /** Bytes of the next header, block or checksum; where that can't be known yet, more than there are. */
  #sizeOfStep(bytes: Uint8Array, at: number): number {
    const have = bytes.length - at;
    const frame = this.#frame;
    if (frame?.isComplete) return 4;
    if (frame !== null) {
      if (have < 3) return 3;
      const header = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16);
      const type = (header >> 1) & 3;
      const size = header >> 3;
      if (type === RESERVED) throw new Error('invalid block type');
      if (size > frame.mostBlock) throw new Error(`a block of ${size} bytes, more than ${frame.mostBlock}`);
      return 3 + (type === RLE ? 1 : size);
    }
    if (have < 5) return 5;
    const magic = u32le(bytes, at);
    if (isSkippable(magic)) return 8;
    if (magic !== ZSTD_MAGIC) throw new Error('unknown frame');
    return headerSize(bytes[at + 4]!);
  }

  #step(bytes: Uint8Array): void {
    const frame = this.#frame;
    if (frame === null) {
      if (isSkippable(u32le(bytes, 0))) this.#skip = u32le(bytes, 4);
      else this.#frame = this.#begin(bytes);
    } else if (frame.isComplete) {
      if (frame.hash !== null && frame.hash.digest() !== u32le(bytes, 0)) throw new Error('incorrect checksum');
      this.#frame = null;
    } else {
      this.#block(frame, bytes);
    }
  }

  #block(frame: Frame, bytes: Uint8Array): void {
    if (++frame.blocks > MOST_BLOCKS) throw new Error(`a frame of more than ${MOST_BLOCKS} blocks`);
    const isLast = (bytes[0]! & 1) !== 0;
    frame.decoder.push(bytes, isLast);
    if (!isLast) return;
    if (frame.content !== null && frame.produced !== frame.content) throw new Error('a frame of another length');
    frame.isComplete = true;
    if (frame.hash === null) this.#frame = null;
  }

  /** RFC 8878 section 3.1.1.1. */
  #begin(header: Uint8Array): Frame {
    const descriptor = header[4]!;
    if ((descriptor & 8) !== 0) throw new Error('a reserved bit is set');
    const isSingle = (descriptor & 0x20) !== 0;
    const idBytes = idSize(descriptor);
    const idAt = isSingle ? 5 : 6;
    if (header.subarray(idAt, idAt + idBytes).some((byte) => byte !== 0)) throw new Error('it needs a dictionary');
    const content = contentSize(header, idAt + idBytes);
    const window = isSingle ? (content ?? 0) : windowSize(header[5]!);
    if (window > MOST_WINDOW) throw new Error(`a window of ${window} bytes, more than ${MOST_WINDOW}`);
    const hash = (descriptor & 4) !== 0 ? new Xxh64() : null;
    const decoder = new Decompress((block) => {
      frame.produced += block.length;
      if (content !== null && frame.produced > content) throw new Error('a frame of another length');
      hash?.add(block);
      if (block.length > 0) this.push(block);
    });
    const mostBlock = Math.min(window, MOST_BLOCK);
    const frame: Frame = { decoder, content, produced: 0, mostBlock, blocks: 0, hash, isComplete: false };
    decoder.push(plainHeader(Math.min(window, content ?? window)), false);
    return frame;
  }
}

function isSkippable(magic: number): boolean {
  return (magic & ~15) >>> 0 === SKIPPABLE_MAGIC;
}

function idSize(descriptor: number): number {
  return [0, 1, 2, 4][descriptor & 3]!;
}

/** Bytes that hold the content's size. */
function contentBytes(descriptor: number): number {
  const flag = descriptor >> 6;
  return flag === 0 ? (descriptor >> 5) & 1 : 1 << flag;
}

function headerSize(descriptor: number): number {
  const windowBytes = (descriptor & 0x20) !== 0 ? 0 : 1;
  return 5 + windowBytes + idSize(descriptor) + contentBytes(descriptor);
}

/** Null where the header has none. */
function contentSize(header: Uint8Array, at: number): number | null {
  switch (header.length - at) {
    case 0:
      return null;
    case 1:
      return header[at]!;
    case 2:
      return u16le(header, at) + 256;
    case 4:
      return u32le(header, at);
    default:
      return u32le(header, at + 4) * 2 ** 32 + u32le(header, at);
  }
}

function windowSize(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}

/** A frame header for fzstd, which takes its window's memory at once: no larger than necessary, nothing else in it. */
function plainHeader(window: number): Uint8Array {
  const exponent = Math.max(0, Math.ceil(Math.log2(window)) - 10);
  return Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0, exponent << 3);
}
