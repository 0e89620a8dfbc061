/** What a kernel's socket tables showed, where its tracepoints can't be read: short states are missed, resets aren't seen. */

import type { Remote } from './remote.ts';
import type { Entered, Life } from './witness.ts';

/** How often the tables are read, ms. */
const INTERVAL = 5;
/** The numbers of /proc/net/tcp, named as in truth.json. */
const STATES = [
  '',
  'ESTABLISHED',
  'SYN_SENT',
  'SYN_RECV',
  'FIN_WAIT_1',
  'FIN_WAIT_2',
  'TIME_WAIT',
  'CLOSED',
  'CLOSE_WAIT',
  'LAST_ACK',
  'LISTEN',
  'CLOSING',
  'SYN_RECV',
];
const OPENING = ['SYN_SENT', 'SYN_RECV', 'ESTABLISHED'];

export async function startPolling(ends: readonly Remote[]): Promise<void> {
  await Promise.all(ends.map((end) => end.ask({ op: 'watch', ms: INTERVAL })));
}

/** The lives of all sockets of these ends; each state up to INTERVAL, or more on a busy machine, late. */
export async function polled(ends: readonly Remote[]): Promise<Life[]> {
  const lives: Life[] = [];
  for (const end of ends) {
    const current = new Map<string, Life>();
    const { changes } = await end.ask({ op: 'changes' });
    for (const [t, local, remote, number] of changes as [number, string, string, number][]) {
      const state = STATES[number] ?? '';
      const key = `${local} ${remote}`;
      let life = current.get(key);
      const last = life?.states.at(-1)?.state ?? '';
      if (life === undefined || (OPENING.includes(state) && !OPENING.includes(last))) {
        life = { local, remote, states: [] };
        current.set(key, life);
        lives.push(life);
      }
      const entered: Entered = { t, state, src: 'poll' };
      life.states.push(entered);
    }
  }
  return lives;
}
