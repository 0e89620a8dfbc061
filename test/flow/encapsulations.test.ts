import { describe, expect, test } from 'vitest';
import { GRE_LAYER, MPLS_LAYER, VLAN_LAYER } from '../../src/decode/segment.ts';
import { Encapsulations } from '../../src/flow/encapsulations.ts';
import { segment } from './segments.ts';

function tagged(...layers: [kind: number, id: number][]) {
  const made = segment();
  for (const [kind, id] of layers) made.enterLayer(kind, id);
  return made;
}

describe('Encapsulations', () => {
  test('nothing is -1, and -1 is nothing', () => {
    const stacks = new Encapsulations();
    expect([stacks.intern(segment()), stacks.get(-1), stacks.get(0)]).toEqual([-1, null, null]);
  });

  test('equal stacks share an index, others have their own; order counts', () => {
    const stacks = new Encapsulations();
    const [qinq, swapped] = [tagged([VLAN_LAYER, 10], [VLAN_LAYER, 20]), tagged([VLAN_LAYER, 20], [VLAN_LAYER, 10])];
    expect([stacks.intern(qinq), stacks.intern(swapped), stacks.intern(qinq)]).toEqual([0, 1, 0]);
    expect(stacks.get(0)).toEqual([
      { kind: 'vlan', id: 10 },
      { kind: 'vlan', id: 20 },
    ]);
  });

  test('a tunnel without a key has id null, which is not key 0', () => {
    const stacks = new Encapsulations();
    const [without, zero] = [stacks.intern(tagged([GRE_LAYER, -1])), stacks.intern(tagged([GRE_LAYER, 0]))];
    expect([stacks.get(without), stacks.get(zero)]).toEqual([[{ kind: 'gre', id: null }], [{ kind: 'gre', id: 0 }]]);
  });

  test('keeps at most 65,535 different ones', () => {
    const stacks = new Encapsulations();
    for (let label = 0; label < 65_535; label++) stacks.intern(tagged([MPLS_LAYER, label]));
    expect(stacks.intern(tagged([MPLS_LAYER, 70_000]))).toBe(-1);
    expect(stacks.intern(tagged([MPLS_LAYER, 65_534]))).toBe(65_534);
  });
});
