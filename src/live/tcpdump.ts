/** tcpdump: the kernel's timestamps in nanoseconds, packets as soon as they come, and its counters whenever it is asked. */

import type { Command, Program, Told, Wanted } from './capture.ts';
import { found } from './refusals.ts';

export const TCPDUMP: Program = {
  name: 'tcpdump',
  timestamps: 'kernel',
  bufferKiB: 65_536,
  // Elsewhere the signal is another, and SIGUSR1 would end it.
  tellsWhenAsked: process.platform === 'linux',
  endsWithInput: false,
  command: (wanted) => commandOf(found('tcpdump', wanted.interface), wanted),
  hear,
};

function commandOf(path: string, { interface: from, filter, snaplen, count, bufferKiB, user }: Wanted): Command {
  const args = ['-i', from, '-n', '-U', '--immediate-mode', '--time-stamp-precision=nano'];
  args.push('-s', String(snaplen), '-B', String(bufferKiB), '-w', '-');
  if (count !== null) args.push('-c', String(count));
  if (user !== null) args.push('-Z', user.name);
  if (filter !== null) args.push('--', filter);
  return { path, args };
}

/**
 * Its counters: "3 packets captured, 3 packets received by filter, 0 packets dropped by kernel" when asked, at the end each on a
 * line. What the interface dropped ("by interface") reached nobody on this machine, so it is no gap of the capture.
 */
function hear(line: string, told: Told): void {
  const text = line.replace(/^tcpdump: /, '').trim();
  const captured = /(?:^|, )(\d+) packets? captured/.exec(text);
  const dropped = /(?:^|, )(\d+) packets? dropped by kernel/.exec(text);
  if (captured !== null) told.captured = Number(captured[1]);
  if (dropped !== null) told.dropped = Number(dropped[1]);
  if (text.startsWith('listening on ')) told.begun = true;
  else if (captured === null && dropped === null && !SILENT.test(text)) told.words.push(text);
}

const SILENT = /^$|^\d+ packets? (received|dropped) by|^(dropped privs|data link type|verbose output|Warning:)/i;
