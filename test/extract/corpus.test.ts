/** Evidence from captures of others, many of them damaged: headers alone, and a whole file. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { Decoder } from '../../src/decode/decode.ts';
import { DECODED } from '../../src/decode/outcome.ts';
import { Segment } from '../../src/decode/segment.ts';
import { writeEvidence } from '../../src/extract.ts';
import { openCaptures } from '../../src/input/captures.ts';
import { InputError } from '../../src/input/errors.ts';
import { temporaryFolder } from '../cli/run.ts';
import { itShared } from '../support/shared.ts';
import { finding } from './read.ts';

const folder = temporaryFolder();
const out = join(folder, 'out.pcapng');
const frames = Array.from({ length: 300 }, (_, i) => i + 1);

/** How many packets the file has; each must end with its TCP header. */
async function packetsOf(name: string): Promise<number> {
  const captures = await openCaptures([out]);
  const segment = new Segment();
  let packets = 0;
  await captures.forEach((record) => {
    packets++;
    expect(new Decoder().decode(record, segment), `${name}, packet ${packets}`).toBe(DECODED);
    const end = segment.headerAt + 20 + segment.optionsLength;
    expect(record.end, `${name}, packet ${packets}`).toBeLessThanOrEqual(end);
  });
  expect(captures.damage, name).toEqual([]);
  return packets;
}

itShared('every packet of any capture ends with its TCP header', ['corpus'], async (corpus) => {
  let all = 0;
  for (const name of readdirSync(corpus)) {
    try {
      const { packets, missing } = await writeEvidence([join(corpus, name)], [finding(frames)], out);
      expect(packets, name).toBeGreaterThanOrEqual(frames.length - missing.length);
      expect(await packetsOf(name), name).toBe(packets);
      all += packets;
    } catch (error) {
      // A file that can't be read leaves the one before.
      if (!(error instanceof InputError)) throw error;
    }
  }
  expect(all).toBeGreaterThan(5000);
});
