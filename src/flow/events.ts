import * as C from '../kernel/control.ts';
import type { Place } from '../kernel/place.ts';
import type { Endings } from './endings.ts';
import type { Numbers } from './numbers.ts';

/**
 * Takes what the kernel has left in its control area since the last time: flows whose close has come so far, and the
 * frames with which flows opened.
 */
export function hearKernel({ words, numbers }: Place, { ended, closing }: Endings, openings: Numbers | null): void {
  const events = words[C.EVENT_COUNT]!;
  for (let i = 0; i < events; i++) {
    const at = (C.EVENTS + i * C.EVENT_BYTES) / 4;
    const id = words[at + 1]!;
    const time = numbers[at / 2 + 1]!;
    if (id > 0) ended.push(words[at]!, id, time);
    else closing.push(words[at]!, -id, time);
  }
  words[C.EVENT_COUNT] = 0;
  const opened = words[C.OPENING_COUNT]!;
  for (let i = 0; i < opened; i++) openings?.push(words[C.OPENINGS / 4 + i]!);
  words[C.OPENING_COUNT] = 0;
}
