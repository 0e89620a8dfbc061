/** A list of int32 that grows: four bytes each, no boxed number. */
export class Numbers {
  private list = new Int32Array(1024);
  length = 0;

  push(number: number): void {
    if (this.length === this.list.length) {
      const larger = new Int32Array(this.length * 2);
      larger.set(this.list);
      this.list = larger;
    }
    this.list[this.length++] = number;
  }

  /** Those that there are; valid until the next `push`. */
  get values(): Int32Array {
    return this.list.subarray(0, this.length);
  }
}
