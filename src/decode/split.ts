/** `--split-by`: what tells two flows with the same 4-tuple apart. */

import { LAYER_NAMES, type Segment } from './segment.ts';

/** The words of `--split-by`. */
export const SPLIT_WORDS = ['vlan', 'tunnel'] as const;
export type SplitWord = (typeof SPLIT_WORDS)[number];

type LayerName = (typeof LAYER_NAMES)[number];

export interface SplitRule {
  word: SplitWord;
  /** whether its number is the same in both directions, and so tells it from another of its kind */
  numbered: boolean;
}

const numbered = (word: SplitWord): SplitRule => ({ word, numbered: true });
const byKind: SplitRule = { word: 'tunnel', numbered: false };

/**
 * What each direction of a connection has of its own would tear it in two. A GTP TEID and a PPTP call are their receiver's:
 * only the kind of such a tunnel counts. So are MPLS labels, and the last router but one takes them off: they don't count.
 * VN-tags and E-tags don't either: they name a port of a network, not a network.
 */
const RULES: Record<LayerName, SplitRule | null> = {
  vlan: numbered('vlan'),
  pbb: numbered('vlan'),
  vntag: null,
  etag: null,
  mpls: null,
  gre: numbered('tunnel'),
  pppoe: numbered('tunnel'),
  erspan: numbered('tunnel'),
  vxlan: numbered('tunnel'),
  geneve: numbered('tunnel'),
  ipip: byKind,
  pptp: byKind,
  gtp: byKind,
  capwap: byKind,
  tzsp: byKind,
};

/** As what a layer counts, if at all. @param kind one of LAYER_NAMES */
export function splitRuleOf(kind: string): SplitRule | null {
  return RULES[kind as LayerName] ?? null;
}

/** By what flows are told apart. */
export class Split {
  /** none: equal 4-tuples are one flow, whatever is around them */
  readonly words: readonly SplitWord[];
  /** the rules that apply, by index of LAYER_NAMES */
  private readonly rules: readonly (SplitRule | null)[];

  constructor(words: readonly SplitWord[] = []) {
    this.words = SPLIT_WORDS.filter((word) => words.includes(word));
    this.rules = LAYER_NAMES.map((kind) => {
      const rule = RULES[kind];
      return rule !== null && words.includes(rule.word) ? rule : null;
    });
  }

  /**
   * A number for the segment's VLANs and tunnels: 0 without any. Single layers of a kind never share one, others do by a
   * chance of one in 2^32.
   */
  groupOf(segment: Segment): number {
    let group = 0;
    for (let i = 0; i < segment.layers; i++) {
      const kind = segment.layerKinds[i]!;
      const rule = this.rules[kind]!;
      if (rule === null) continue;
      const id = rule.numbered ? segment.layerIds[i]! : -1;
      // The steps are those of MurmurHash3: each can be undone, so that different numbers stay different.
      group = (Math.imul(group ^ (id | 0), 0x85ebca6b) + kind * 2 + (id < 0 ? 1 : 2)) | 0;
      group = Math.imul(group ^ (group >>> 13), 0xc2b2ae35);
      group ^= group >>> 16;
    }
    return group;
  }
}
