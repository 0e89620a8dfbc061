/** IPComp: IP payloads compressed one by one (RFC 3173). Such packets are rare, so this allocates. */
import { inflateRawSync } from 'node:zlib';
import { u16 } from './bytes.ts';

/** Next header, flags, and the index of the algorithm (CPI). */
const HEADER = 4;

/** Well-known indexes of algorithms that are not DEFLATE (RFC 3173 section 3.3, IANA): OUI, LZS (RFC 2395), LZJH (RFC 3051). */
const NOT_DEFLATE = new Set([0, 1, 3, 4]);

/** What a packet may become, bytes: it came out of an IP packet. */
const MOST_BYTES = 65_535;

/** Small packets, small chunks. */
const OPTIONS = { info: true, maxOutputLength: MOST_BYTES, chunkSize: 2048 } as const;

/**
 * Inflates the payload behind the IPComp header at `at` (RFC 2394: DEFLATE without zlib's header and checksum). Which
 * algorithm a negotiated index (256 and more) stands for no packet says: it is DEFLATE if all of the payload is one
 * whole stream of it.
 * @param end where the payload ends; all of it was captured
 * @returns null where it is no DEFLATE, is damaged, or would be longer than a packet can be
 */
export function inflateIpComp(data: Uint8Array, at: number, end: number): Uint8Array | null {
  if (NOT_DEFLATE.has(u16(data, at + 2))) return null;
  try {
    const result: unknown = inflateRawSync(data.subarray(at + HEADER, end), OPTIONS);
    return wholeOutput(result, end - at - HEADER);
  } catch {
    return null;
  }
}

/** With `info` Node gives the engine too, which knows how much it has read; its types don't tell. */
function wholeOutput(result: unknown, length: number): Uint8Array | null {
  if (typeof result !== 'object' || result === null || !('buffer' in result) || !('engine' in result)) return null;
  const { buffer, engine } = result;
  if (!(buffer instanceof Uint8Array) || typeof engine !== 'object' || engine === null) return null;
  return 'bytesWritten' in engine && engine.bytesWritten === length ? buffer : null;
}
