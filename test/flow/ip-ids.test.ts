import { describe, expect, test } from 'vitest';
import * as L from '../../src/flow/layout.ts';
import { countsPackets, takeIpId } from '../../src/flow/oddities.ts';
import { E_ID_GAP } from '../../src/flow/trail.ts';
import { segment } from './segments.ts';

/** What one side's identifications in turn say, and whether the side still counts its packets at the end. */
function take(side: number, ...ids: (number | { ipId: number; length: number })[]) {
  const ints = new Int32Array(L.RECORD_WORDS);
  const gaps = ids.map((id) => takeIpId(ints, 0, segment(typeof id === 'number' ? { ipId: id } : id), side));
  return { gaps, counts: countsPackets(ints[L.FLAGS]!, side), other: countsPackets(ints[L.FLAGS]!, 1 - side) };
}

describe.each([0, 1])('IP identifications of side %i', (side) => {
  test('that count say so, for this side alone', () => {
    expect(take(side, 7, 8, 9)).toEqual({ gaps: [0, 0, 0], counts: true, other: false });
  });

  test('tell of a missing packet once it is known that they count', () => {
    expect(take(side, 7, 8, 10).gaps).toEqual([0, 0, E_ID_GAP]);
    expect(take(side, 7, 9).gaps).toEqual([0, 0]);
    // After one jump it is not certain any more that they count this connection's packets alone.
    expect(take(side, 7, 8, 10, 12)).toEqual({ gaps: [0, 0, E_ID_GAP, 0], counts: false, other: false });
  });

  test('that jump are no count', () => {
    expect(take(side, 7, 8, 9000).gaps).toEqual([0, 0, 0]);
    expect(take(side, 7, 8, 6).gaps).toEqual([0, 0, 0]);
    expect(take(side, 7, 8, 8).counts).toBe(false);
  });

  test('of 0 are none, and go on across 2^16', () => {
    expect(take(side, 7, 0, 8, 0, 9)).toEqual({ gaps: [0, 0, 0, 0, 0], counts: true, other: false });
    expect(take(side, 0xfffe, 0xffff).counts).toBe(true);
    expect(take(side, 0xfffd, 0xfffe, 1).gaps).toEqual([0, 0, E_ID_GAP]);
    // Linux sends the 0 too: as without a socket, it tells nothing by itself.
    expect(take(side, 0xfffe, 0xffff, 0, 1, 2)).toEqual({ gaps: [0, 0, 0, 0, 0], counts: true, other: false });
    expect(take(side, 0xfffe, 0xffff, 2).gaps).toEqual([0, 0, E_ID_GAP]);
  });

  test('say nothing behind an offloaded segment, which is several packets', () => {
    expect(take(side, 7, 8, { ipId: 9, length: 20_000 }, 23, 24)).toMatchObject({
      gaps: [0, 0, 0, 0, 0],
      counts: true,
    });
  });
});
