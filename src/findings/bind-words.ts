/** When bind() fails, in words. */

import type { Interval } from '../ports/ledger.ts';
import type { BindFails } from '../teardown/bind-rules.ts';
import type { OsProfile } from '../teardown/profiles.ts';
import { list, plural } from '../words.ts';

const SYSTEM: Record<OsProfile['name'], string> = {
  linux: 'Linux',
  windows: 'Windows',
  macos: 'macOS',
  freebsd: 'FreeBSD',
  solaris: 'Solaris',
  rfc9293: 'a system that keeps to RFC 9293',
};

export function systemName({ name }: Pick<OsProfile, 'name'>): string {
  return SYSTEM[name];
}

/** "unless both the old and the new socket have SO_REUSEADDR", after "bind() fails". */
export function unlessWords(fails: BindFails): string {
  if (fails.neither === null) return '(by rules that RFC 9293 does not tell)';
  if (!fails.neither && !fails.newOnly && !fails.oldOnly && !fails.both) return '(it does not)';
  if (fails.both) return 'whatever SO_REUSEADDR says';
  if (fails.newOnly) return 'unless both the old sockets and the new one have SO_REUSEADDR';
  return 'unless the new socket has SO_REUSEADDR';
}

/** "40 sockets in TIME_WAIT", "3 in TIME_WAIT and 1 in FIN_WAIT_2". */
export function socketWords(states: Interval['states']): string {
  const all = Object.entries(states).filter(([state]) => state !== 'LISTEN');
  all.sort((a, b) => b[1] - a[1]);
  const [first] = all;
  if (first === undefined) return 'no socket';
  if (all.length === 1) return `${plural(first[1], 'socket')} in ${first[0]}`;
  return `${plural(
    all.reduce((sum, [, n]) => sum + n, 0),
    'socket',
  )} (${list(all.map(([state, n]) => `${n} in ${state}`))})`;
}
