/** What merging needs of a table: a structured clone of a NameTable has it too. */
export interface NameData {
  readonly words: Int32Array;
  readonly length: number;
}

/** Names in a table, 3 MB; only a port scan or a flood has more. */
const MOST = 1 << 17;
/** Slots of the index that are looked at: addresses that were chosen to collide get no number. */
const MOST_PROBES = 64;

/** Words of a name: the address, then the port. */
export const NAME_WORDS = 5;
const PORT = 4;
const INITIAL = 64;

/** Numbers addresses with ports in the order in which they come: 0, 1, ...; beyond MOST none. */
export class NameTable implements NameData {
  words = new Int32Array(INITIAL * NAME_WORDS);
  length = 0;
  /** open addressing: a name's number plus one, 0 where there is none; at most half full */
  private index = new Int32Array(4 * INITIAL);

  /** @param ints with the address's four words at `at` @returns the name's number, -1 if it gets none */
  find(ints: Int32Array, at: number, port: number): number {
    const slot = this.slotOf(ints, at, port);
    if (slot < 0) return -1;
    const known = this.index[slot]! - 1;
    return known >= 0 || this.length === MOST ? known : this.name(slot, ints, at, port);
  }

  port(name: number): number {
    return this.words[name * NAME_WORDS + PORT]!;
  }

  /** Names all that another has. @returns the number here of each number there, -1 where it gets none */
  merge({ words, length }: NameData): Int32Array {
    const numbers = new Int32Array(length);
    for (let i = 0; i < length; i++) {
      numbers[i] = this.find(words, i * NAME_WORDS, words[i * NAME_WORDS + PORT]!);
    }
    return numbers;
  }

  /** Compares addresses as numbers: negative where name `a` has the lower one. */
  compareAddresses(a: number, b: number): number {
    const { words } = this;
    let i = 0;
    while (i < 3 && words[a * NAME_WORDS + i] === words[b * NAME_WORDS + i]) i++;
    return (words[a * NAME_WORDS + i]! >>> 0) - (words[b * NAME_WORDS + i]! >>> 0);
  }

  /** The slot of a name, or the empty one that it would have; -1 where there are too many before it. */
  private slotOf(ints: Int32Array, at: number, port: number): number {
    const { index } = this;
    let hash = Math.imul(ints[at + 3]! ^ Math.imul(port, 0x9e3779b1), 0x85ebca6b);
    hash ^= Math.imul(ints[at]! ^ (ints[at + 1]! << 9) ^ (ints[at + 2]! << 17), 0xc2b2ae35);
    hash = Math.imul(hash ^ (hash >>> 15), 0x27d4eb2f);
    let slot = (hash ^ (hash >>> 13)) & (index.length - 1);
    for (let probes = 0; probes < MOST_PROBES; probes++) {
      if (index[slot] === 0 || this.is(index[slot]! - 1, ints, at, port)) return slot;
      slot = (slot + 1) & (index.length - 1);
    }
    return -1;
  }

  private name(slot: number, ints: Int32Array, at: number, port: number): number {
    const name = this.length++;
    if ((name + 1) * NAME_WORDS > this.words.length) {
      const larger = new Int32Array(this.words.length * 2);
      larger.set(this.words);
      this.words = larger;
    }
    for (let i = 0; i < 4; i++) this.words[name * NAME_WORDS + i] = ints[at + i]!;
    this.words[name * NAME_WORDS + PORT] = port;
    this.index[slot] = name + 1;
    if (this.length * 2 > this.index.length) this.reindex();
    return name;
  }

  private reindex(): void {
    this.index = new Int32Array(this.index.length * 2);
    for (let i = 0; i < this.length; i++) {
      const slot = this.slotOf(this.words, i * NAME_WORDS, this.words[i * NAME_WORDS + PORT]!);
      if (slot >= 0) this.index[slot] = i + 1;
    }
  }

  private is(name: number, ints: Int32Array, at: number, port: number): boolean {
    const { words } = this;
    const own = name * NAME_WORDS;
    return (
      words[own + 3] === ints[at + 3] &&
      words[own + PORT] === port &&
      words[own + 2] === ints[at + 2] &&
      words[own + 1] === ints[at + 1] &&
      words[own] === ints[at]
    );
  }
}
