/** The order of the table's rows, and which there are: on typed arrays, for 100,000 flows. */

import type { Finding } from '../../../report/types.ts';
import type { Where } from '../../../where/where.ts';
import { citations, interest } from '../../groups.ts';
import type { FlowStore } from '../data/store.ts';
import type { Column, WordColumn } from './columns.ts';

/** By what each flow sorts; NaN: it has none, and comes last. */
export function keysOf(flows: FlowStore, column: Column): Float64Array {
  if ('words' in column) return wordKeys(flows, column);
  return Float64Array.from({ length: flows.length }, (_, index) => column.number(flows.peek(index)) ?? Number.NaN);
}

/** Words as their place among all that there are. */
function wordKeys(flows: FlowStore, column: WordColumn): Float64Array {
  const number = new Map<string, number>();
  const keys = Float64Array.from({ length: flows.length }, (_, index) => {
    const words = column.words(flows.peek(index));
    if (words === null) return Number.NaN;
    const key = number.get(words) ?? number.size;
    if (key === number.size) number.set(words, key);
    return key;
  });
  const { compare } = new Intl.Collator('en', { numeric: true });
  const rank = new Float64Array(number.size);
  [...number.keys()].sort(compare).forEach((words, place) => {
    rank[number.get(words)!] = place;
  });
  return keys.map((key, index) =>
    Number.isNaN(key) ? key : rank[key]! * 65_536 + (column.minor?.(flows.peek(index)) ?? 0),
  );
}

/** By how much each flow matters, as the text report ranks them: negative, so that what matters most is the least. */
export function interestKeys(flows: FlowStore, findings: readonly Finding[]): Float64Array {
  const cited = citations(findings);
  return Float64Array.from({ length: flows.length }, (_, index) => {
    const flow = flows.peek(index);
    return -interest(flow, cited.get(flow.id) ?? 0);
  });
}

/** Indexes in the order of their keys: equal ones ascending, those without one at the end both ways. */
export function orderBy(keys: Float64Array, descending: boolean): Uint32Array {
  const order = new Uint32Array(keys.length);
  let left = 0;
  let right = keys.length;
  for (let i = 0; i < keys.length; i++) if (!Number.isNaN(keys[i]!)) order[left++] = i;
  for (let i = keys.length - 1; i >= 0; i--) if (Number.isNaN(keys[i]!)) order[--right] = i;
  const sign = descending ? -1 : 1;
  order.subarray(0, left).sort((a, b) => sign * (keys[a]! - keys[b]!) || a - b);
  return order;
}

/** 1 for each flow that matches. */
export function matching(flows: FlowStore, where: Where | null): Uint8Array {
  const mask = new Uint8Array(flows.length);
  if (where === null) return mask.fill(1);
  for (let i = 0; i < mask.length; i++) if (where.matches(flows.peek(i))) mask[i] = 1;
  return mask;
}

/** Those of an order that are in all of the masks. */
export function kept(order: Uint32Array, mask: Uint8Array, other: Uint8Array | null): Uint32Array {
  const rows = new Uint32Array(order.length);
  let length = 0;
  for (const index of order) if (mask[index] === 1 && (other === null || other[index] === 1)) rows[length++] = index;
  return rows.subarray(0, length);
}
