/**
 * Listens in on the bytes of a capture on their way to the reader: hands every chunk on as it is, and tells where records
 * begin and end. Of what is wrong with the bytes the reader tells; here it is only the end of listening.
 */

import { pipeline, type Readable, Transform, type TransformCallback } from 'node:stream';
import { RecordSplitter, type RecordTaker } from './tap-records.ts';

class PacketTap extends Transform {
  readonly #splitter: RecordSplitter;

  constructor(takers: readonly RecordTaker[]) {
    super();
    this.#splitter = new RecordSplitter(takers);
  }

  override _transform(chunk: Uint8Array, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#splitter.push(chunk);
    done(null, chunk);
  }
}

/**
 * @param source bytes of a capture, no text
 * @param takers are given the records before the reader gets their bytes, in this order
 * @returns the same bytes, not copied. It fails where the source fails; destroying it destroys the source
 */
export function tapped(source: Readable, takers: readonly RecordTaker[]): Readable {
  // What fails is told by the stream that is returned.
  return pipeline(source, new PacketTap(takers), () => undefined);
}
