/** Each segment falls to one share, whichever way it is decoded, and both directions of a flow to the same one. */
import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Decoder } from '../../src/decode/decode.ts';
import { ANOTHER_SHARE, DECODED } from '../../src/decode/outcome.ts';
import { Segment } from '../../src/decode/segment.ts';
import { openCaptures } from '../../src/input/captures.ts';

test('in every capture of the fixtures', async () => {
  const names = readdirSync('fixtures', { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.pcap(ng)?$/.test(name),
  );
  const used = new Set<number>();
  for (const name of names) {
    const captures = await openCaptures([`fixtures/${name}`]);
    const alone = new Decoder();
    const shares = [0, 1, 2].map((share) => new Decoder({ share, shares: 3 }));
    const segment = new Segment();
    const ofFlow = new Map<string, number>();
    await captures.forEach((record) => {
      const outcomes = shares.map((decoder) => decoder.decode(record, segment));
      const outcome = alone.decode(record, segment);
      if (outcome !== DECODED) {
        expect(outcomes).toEqual([outcome, outcome, outcome]);
        return;
      }
      const own = outcomes.indexOf(DECODED);
      expect([...outcomes].sort(), `${name}, frame ${record.frame}`).toEqual([ANOTHER_SHARE, ANOTHER_SHARE, DECODED]);
      const { src0, src1, src2, src3, dst0, dst1, dst2, dst3, srcPort, dstPort } = segment;
      const ends = [[src0, src1, src2, src3, srcPort].join(), [dst0, dst1, dst2, dst3, dstPort].join()];
      const flow = ends.sort().join('|');
      expect(ofFlow.get(flow) ?? own).toBe(own);
      ofFlow.set(flow, own);
      used.add(own);
    });
  }
  expect(used.size).toBe(3);
});
