/** Expressions that say something about this capture, to begin with. */

import { parseWhere } from '../../../where/where.ts';
import type { FlowStore } from '../data/store.ts';

/** Flows that are looked at: those that matter most, and as many from all over the capture. */
const SAMPLE = 500;
const MOST = 6;

const TROUBLE = [
  'closewait>1s',
  'finwait2>1s',
  'kind in {aborted, aborted-after-fin}',
  'kind==refused',
  'kind==half-closed',
  'reuse.inTimeWait',
  'closer==server',
  'closer==client',
  'kind==graceful',
  'kind==open',
];

/** @param order what matters most comes first */
export function examples(flows: FlowStore, order: Uint32Array): string[] {
  const step = Math.max(1, Math.floor(order.length / SAMPLE));
  const sample = new Set(order.subarray(0, SAMPLE));
  for (let i = 0; i < order.length; i += step) sample.add(i);
  const found = TROUBLE.filter((text) => {
    const where = parseWhere(text);
    let hits = 0;
    for (const index of sample) if (where.matches(flows.peek(index))) hits++;
    return hits > 0 && hits < sample.size;
  });
  const port = busiestPort(flows, sample);
  return [...found.slice(0, MOST - 1), ...(port === null ? [] : [`port==${port}`])];
}

/** The server's port that most flows have, where there are several. */
function busiestPort(flows: FlowStore, sample: ReadonlySet<number>): number | null {
  const counts = new Map<number, number>();
  for (const index of sample) {
    const { port } = flows.peek(index).server;
    counts.set(port, (counts.get(port) ?? 0) + 1);
  }
  if (counts.size < 2) return null;
  return [...counts].reduce((best, each) => (each[1] > best[1] ? each : best))[0];
}
