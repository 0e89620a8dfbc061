/** Segments made by hand, for tests below the decoder. */
import { Segment } from '../../src/decode/segment.ts';

/** A segment from 10.0.0.1:40000 to 10.0.0.2:80, an empty ACK unless told otherwise. */
export function segment(fields: Partial<Segment> = {}): Segment {
  const made = new Segment();
  Object.assign(made, {
    src2: 0xffff,
    src3: 0x0a000001,
    dst2: 0xffff,
    dst3: 0x0a000002,
    srcPort: 40000,
    dstPort: 80,
    seq: 1000,
    ack: 2000,
    flags: 0x10,
    window: 500,
    ttl: 64,
    ipId: 7,
    ...fields,
  });
  return made;
}

/** The same 4-tuple, sent by the other end. */
export function reversed(original: Segment): Segment {
  return segment({
    src0: original.dst0,
    src1: original.dst1,
    src2: original.dst2,
    src3: original.dst3,
    dst0: original.src0,
    dst1: original.src1,
    dst2: original.src2,
    dst3: original.src3,
    srcPort: original.dstPort,
    dstPort: original.srcPort,
  });
}
