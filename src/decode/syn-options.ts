/**
 * What a SYN tells of the system that sent it: which options it has, in which order, and how large a window. Both are
 * boiled down to a byte, which a flow keeps of each end; teardown/fingerprint.ts reads it.
 */

import { FINGERPRINT_WINDOW_SHIFT, KIND_BITS, KIND_CODES, KIND_OTHER, LONGEST_ORDER, MOST_KIND } from './syn-order.ts';

/** Orders of options that are known, by number - 1. First the most frequent: they are looked for in this order. */
export const SYN_LAYOUTS = [
  'mss,sackOK,TS,nop,ws',
  'mss,nop,nop,sackOK,nop,ws',
  'mss,nop,ws,nop,nop,sackOK',
  'mss,nop,ws,sackOK,TS',
  'mss,nop,ws,nop,nop,TS,sackOK,eol',
  'mss',
  'mss,nop,nop,sackOK',
  'mss,nop,ws',
  'mss,sackOK,TS',
  'mss,sackOK,eol',
  'mss,nop,nop,TS',
  'mss,nop,nop,TS,nop,ws',
  'mss,nop,ws,nop,nop,TS',
  'mss,nop,ws,sackOK,eol',
  'mss,nop,nop,TS,sackOK,eol',
  'mss,nop,ws,nop,nop,TS,nop,nop,sackOK',
  'mss,nop,nop,TS,nop,nop,sackOK',
  'mss,nop,nop,sackOK,nop,ws,nop,nop,TS',
  'mss,nop,nop,sackOK,nop,nop,TS',
  'sackOK,TS,mss,nop,ws',
  'sackOK,TS,mss',
  'nop,nop,TS,mss',
  'nop,nop,TS,mss,nop,ws',
  'nop,nop,TS,mss,nop,ws,nop,nop,sackOK',
  'nop,nop,TS,mss,nop,nop,sackOK',
  'nop,ws,nop,nop,TS,nop,nop,sackOK,mss',
  'mss,sackOK,TS,nop,ws,other',
] as const;
export type SynLayout = (typeof SYN_LAYOUTS)[number];

/** Windows that tell something, by class - 1; class 0 is any other. */
export const SYN_WINDOWS = [65535, 64240, 65160, 29200, 28960, 8192, 16384] as const;

const CODES = ['', 'eol', 'nop', 'mss', 'ws', 'sackOK', 'TS', 'other'];

/** The orders as optionOrder() has them. */
export const SYN_ORDERS = Int32Array.from(SYN_LAYOUTS, (layout) =>
  layout.split(',').reduce((order, kind) => (order << KIND_BITS) | CODES.indexOf(kind), 0),
);

/** The byte of a SYN with the options data[from..end), all of them: number of their order, and the window's class. */
export function synFingerprint(data: Uint8Array, from: number, end: number, window: number): number {
  const layout = SYN_ORDERS.indexOf(optionOrder(data, from, end)) + 1;
  return layout | ((SYN_WINDOWS.indexOf(window as (typeof SYN_WINDOWS)[number]) + 1) << FINGERPRINT_WINDOW_SHIFT);
}

/** The kinds of options in their order, up to the first that is of no known kind; 0 where the list is damaged or long. */
function optionOrder(data: Uint8Array, from: number, end: number): number {
  let order = 0;
  let at = from;
  while (at < end) {
    const kind = data[at]!;
    const code = kind > MOST_KIND ? KIND_OTHER : (KIND_CODES >> (kind * KIND_BITS)) & KIND_OTHER;
    if (order >= LONGEST_ORDER) return 0;
    order = (order << KIND_BITS) | code;
    if (kind === 0 || code === KIND_OTHER) return order;
    if (kind === 1) {
      at++;
      continue;
    }
    const length = at + 1 < end ? data[at + 1]! : 0;
    if (length < 2 || at + length > end) return 0;
    at += length;
  }
  return order;
}

/** The order of options in a fingerprint, null where it is not known. */
export function layoutOf(fingerprint: number): SynLayout | null {
  return SYN_LAYOUTS[(fingerprint & ((1 << FINGERPRINT_WINDOW_SHIFT) - 1)) - 1] ?? null;
}

/** The window in a fingerprint, null where it is none of SYN_WINDOWS. */
export function windowOf(fingerprint: number): number | null {
  return SYN_WINDOWS[(fingerprint >> FINGERPRINT_WINDOW_SHIFT) - 1] ?? null;
}
