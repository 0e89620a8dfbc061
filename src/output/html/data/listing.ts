type Word = string | number | boolean | null;

/** What lists begin alike. */
interface Node {
  /** -1: no list ends here */
  place: number;
  next: Map<Word, Node>;
}

/** Values by their places: equal ones have one. */
export class Listing<T> {
  readonly values: T[] = [];
  private readonly places = new Map<string | number, number>();
  private readonly root: Node = { place: -1, next: new Map() };

  /** @param key the same for values that are the same, and for no others */
  place(value: T, key: string | number = JSON.stringify(value)): number {
    let place = this.places.get(key);
    if (place === undefined) {
      place = this.values.length;
      this.places.set(key, place);
      this.values.push(value);
    }
    return place;
  }

  /** Of a list of a few words: without a text of them all, which would have to be hashed. */
  placeOf(words: T & readonly Word[]): number {
    let node = this.root;
    for (const word of words) {
      let next = node.next.get(word);
      if (next === undefined) {
        next = { place: -1, next: new Map() };
        node.next.set(word, next);
      }
      node = next;
    }
    if (node.place < 0) {
      node.place = this.values.length;
      this.values.push(words);
    }
    return node.place;
  }
}

/** Lists of whole numbers by their places: to look one up makes no text of it. */
export class NumbersListing {
  readonly values: (readonly number[])[] = [];
  /** by hash the places of all that have it */
  private readonly places = new Map<number, number[]>();

  place(numbers: readonly number[]): number {
    let hash = numbers.length;
    for (const number of numbers) hash = (Math.imul(hash, 31) + number) | 0;
    const places = this.places.get(hash);
    for (const place of places ?? []) if (areEqual(this.values[place]!, numbers)) return place;
    const place = this.values.length;
    if (places === undefined) this.places.set(hash, [place]);
    else places.push(place);
    this.values.push(numbers);
    return place;
  }
}

function areEqual(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
