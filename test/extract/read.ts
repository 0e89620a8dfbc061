/** A capture to take evidence from, and the evidence read back. */
import { expect } from 'vitest';
import { openCaptures } from '../../src/input/captures.ts';

/** Frames 1 to 3 are the handshake; 4 is data, 5 and 6 the client's FIN and its repetition, 7 the server's, 8 an RST. */
export const SCRIPT = `
  0.000000001 c > s S 0:0(0)
  +0.1 s > c S. 0:0(0) ack 1
  +0.1 c > s . 1:1(0) ack 1
  +0.1 c > s P. 1:301(300) ack 1
  +0.1 c > s F. 301:301(0) ack 1
  +0.3 c > s F. 301:301(0) ack 1
  +0.1 s > c FP. 1:2(1) ack 302
  +0.1 c > s R 302:302(0)`;
export const NANO = { format: 'pcapng', byteOrder: 'little', resolution: 'ns' } as const;

export const finding = (frames: number[], rule = 'lost-final-ack', title = 'The last ACK was lost') => ({
  rule,
  title,
  frames,
});

export interface Read {
  time: string;
  captured: number;
  wireLength: number;
  linkType: number;
  interfaceName: string | null;
  comment: string;
}

/** The file as our own reader has it; the comments by their place behind the packet, as the writer puts them. */
export async function readBack(path: string): Promise<Read[]> {
  const found: Read[] = [];
  const captures = await openCaptures([path]);
  await captures.forEach((record) => {
    const { data, start, end, seconds, nanoseconds, wireLength, linkType } = record;
    const at = end + (-(end - start) & 3);
    expect(data[at]! | (data[at + 1]! << 8)).toBe(1);
    const length = data[at + 2]! | (data[at + 3]! << 8);
    found.push({
      time: `${seconds}.${String(nanoseconds).padStart(9, '0')}`,
      captured: end - start,
      wireLength,
      linkType,
      interfaceName: captures.originOf(record)!.interfaceName,
      comment: Buffer.from(data.subarray(at + 4, at + 4 + length)).toString(),
    });
  });
  expect(captures.damage).toEqual([]);
  return found;
}
