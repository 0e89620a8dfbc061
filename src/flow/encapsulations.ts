import { LAYER_NAMES, type Segment } from '../decode/segment.ts';
import * as C from '../kernel/control.ts';

export interface Layer {
  kind: (typeof LAYER_NAMES)[number];
  id: number | null;
}

/** The distinct stacks of tags, labels and tunnels of a capture; a flow keeps an index into this list. */
export class Encapsulations {
  private readonly words: Int32Array;
  private readonly stacks: (readonly Layer[])[] = [];
  private readonly index = new Map<string, number>();

  /** @param words where the kernel reads the indices of VLANs (kernel/control.ts) */
  constructor(words: Int32Array = new Int32Array(C.HEAP / 4)) {
    this.words = words;
  }

  /** @returns the index of the segment's stack, -1 if it has none (or there are absurdly many different ones) */
  intern(segment: Segment): number {
    if (segment.layers === 0) return -1;
    const stack: Layer[] = [];
    for (let i = 0; i < segment.layers; i++) {
      const id = segment.layerIds[i]!;
      stack.push({ kind: LAYER_NAMES[segment.layerKinds[i]!]!, id: id < 0 ? null : id });
    }
    return this.add(stack);
  }

  /** @returns the index of a stack, which may come from another list; -1 if there are absurdly many different ones */
  add(stack: readonly Layer[]): number {
    const key = stack.map((layer) => `${layer.kind}:${layer.id}`).join(',');
    const known = this.index.get(key);
    if (known !== undefined) return known;
    if (this.isFull) return -1;
    const index = this.stacks.push(stack) - 1;
    this.index.set(key, index);
    const [only] = stack;
    if (stack.length === 1 && only?.kind === 'vlan' && only.id !== null) this.words[C.VLANS / 4 + only.id] = index + 1;
    return index;
  }

  /** All of them, by index. */
  get all(): readonly (readonly Layer[])[] {
    return this.stacks;
  }

  /** Whether -1 may stand for a stack that was one too many. */
  get isFull(): boolean {
    return this.stacks.length >= MAX_STACKS;
  }

  get(index: number): readonly Layer[] | null {
    return this.stacks[index] ?? null;
  }
}

const MAX_STACKS = 65_535;
