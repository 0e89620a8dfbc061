import * as C from './control.ts';

/** Bytes that were asked for. */
export interface Area {
  buffer: ArrayBufferLike;
  /** where they begin in `buffer` */
  offset: number;
  /** where they begin for the kernel; 0: it can't reach them */
  address: number;
}

/** Where flows, their table and the bytes of a capture stand: in the kernel's memory, or anywhere. */
export interface Place {
  /** the areas that control.ts tells of, as words and as floats */
  readonly words: Int32Array;
  readonly numbers: Float64Array;
  /** @returns bytes of any content, in a new analysis too */
  allocate(bytes: number): Area;
  /** @returns zeroed bytes */
  allocateZeroed(bytes: number): Area;
}

/** Without a kernel: all goes the general way. */
export class PlainPlace implements Place {
  readonly words: Int32Array;
  readonly numbers: Float64Array;

  constructor() {
    const control = new ArrayBuffer(C.HEAP);
    this.words = new Int32Array(control);
    this.numbers = new Float64Array(control);
  }

  allocate(bytes: number): Area {
    return this.allocateZeroed(bytes);
  }

  allocateZeroed(bytes: number): Area {
    return { buffer: new ArrayBuffer(bytes), offset: 0, address: 0 };
  }
}
