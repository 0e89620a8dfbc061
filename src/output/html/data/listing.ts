/** Values by their places: equal ones have one. */
export class Listing<T> {
  readonly values: T[] = [];
  private readonly places = new Map<string | number, number>();

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
