/** Values by their places: equal ones have one. */
export class Listing<T> {
  readonly values: T[] = [];
  private readonly places = new Map<string, number>();

  /** @param key the same for values that are the same, and for no others */
  place(value: T, key: string = JSON.stringify(value)): number {
    let place = this.places.get(key);
    if (place === undefined) {
      place = this.values.length;
      this.places.set(key, place);
      this.values.push(value);
    }
    return place;
  }
}
