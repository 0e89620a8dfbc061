import type { Holder, Side } from '../report/types.ts';
import { list } from '../words.ts';
import type { Context } from './context.ts';

/** Processes that are named. */
const MOST = 3;

export interface Holders {
  /** "nginx (pid 812) and nginx (pid 813)" */
  words: string;
  /** of the first one */
  pid: number;
}

/**
 * Who has the sockets of an end, where a live capture on that machine saw it. Null: it is not known.
 * @param flows ids
 * @param socket whether it is the connections' own sockets, or who listens
 */
export function holdersOf(
  context: Context,
  flows: readonly number[],
  side: Side,
  socket: Holder['socket'],
): Holders | null {
  const found = new Map<number, { name: string; flows: number }>();
  for (const id of flows) {
    for (const holder of context.listed(id)?.holders ?? []) {
      if (holder.side !== side || holder.socket !== socket) continue;
      const known = found.get(holder.pid);
      if (known === undefined) found.set(holder.pid, { name: holder.name, flows: 1 });
      else known.flows++;
    }
  }
  const all = [...found].sort(([, a], [, b]) => b.flows - a.flows);
  const [first] = all;
  if (first === undefined) return null;
  return { words: processWords(all.map(([pid, { name }]) => ({ pid, name }))), pid: first[0] };
}

/** "nginx (pid 812) and nginx (pid 813)"; of more than a few how many there are. */
export function processWords(processes: readonly Pick<Holder, 'pid' | 'name'>[]): string {
  const words = processes.map(({ pid, name }) => `${name} (pid ${pid})`);
  return list(words, MOST);
}
