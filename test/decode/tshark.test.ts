/** The same bytes through tshark: every link type and tunnel gives the sequence numbers that it finds there, in the same streams. */
import { expect } from 'vitest';
import { Decoder } from '../../src/decode/decode.ts';
import { DECODED, NO_MORE } from '../../src/decode/outcome.ts';
import { Segment } from '../../src/decode/segment.ts';
import { itTool } from '../support/shared.ts';
import { recordOf } from './bytes.ts';
import { dissected, FRAMES, KNOWN } from './frames.ts';

itTool('every link type and tunnel gives what tshark finds', 'tshark', () => {
  const expected = dissected(FRAMES);
  const decoder = new Decoder();
  const segment = new Segment();
  const differences = FRAMES.flatMap(([name, linkType, bytes], i) => {
    const found: string[] = [];
    const record = recordOf(linkType, bytes);
    for (let outcome = decoder.decode(record, segment); outcome !== NO_MORE; outcome = decoder.next(segment)) {
      if (outcome === DECODED) found.push(String(segment.seq >>> 0));
    }
    return found.sort().join() === expected[i]
      ? []
      : [KNOWN.has(name) ? name : `${name}: ${found.join()} for ${expected[i]}`];
  });
  expect(differences.sort()).toEqual([...KNOWN.keys()].sort());
});
