/** dumpcap: the kernel's timestamps in nanoseconds, and at the end what was dropped, also in the pcapng that it writes. */

import { statSync } from 'node:fs';
import type { Command, Program, Told, User, Wanted } from './capture.ts';
import { findProgram } from './programs.ts';
import { found, Refusal } from './refusals.ts';

export const DUMPCAP: Program = {
  name: 'dumpcap',
  timestamps: 'kernel',
  bufferKiB: 65_536,
  tellsWhenAsked: false,
  endsWithInput: false,
  command: (wanted) => commandOf(found('dumpcap', wanted.interface), wanted),
  hear,
};

function commandOf(path: string, { interface: from, filter, snaplen, count, bufferKiB, user }: Wanted): Command {
  const args = ['-q', '-i', from, '-s', String(snaplen), '-B', String(Math.max(1, Math.ceil(bufferKiB / 1024)))];
  args.push('-w', '-');
  if (count !== null) args.push('-c', String(count));
  if (filter !== null) args.push('-f', filter);
  return user === null ? { path, args } : asUser(user, { path, args }, from);
}

/** It stays root, and then only root may end it: so it is started as who we will be, with the two rights that it needs. */
function asUser(user: User, { path, args }: Command, from: string): Command {
  const setpriv = findProgram('setpriv');
  if (setpriv === null || !setpriv.runs) {
    throw new Refusal(
      'absent',
      `can't capture on ${from} with dumpcap`,
      'setpriv is missing, without which dumpcap would stay root',
      'install util-linux, or tcpdump, or name --user root',
    );
  }
  // Debian lets only members of its group run it.
  const groups = [...new Set([...user.groups, statSync(path).gid])].filter((gid) => gid !== 0 || user.gid === 0);
  const rights = '+net_raw,+net_admin';
  const become = ['--reuid', String(user.uid), '--regid', String(user.gid), '--groups', groups.join(',')];
  return { path: setpriv.path, args: [...become, '--inh-caps', rights, '--ambient-caps', rights, path, ...args] };
}

/** "Packets received/dropped on interface 'eth0': 3/0 (pcap:0/dumpcap:0/flushed:0/ps_ifdrop:0) (100.0%)" */
function hear(line: string, told: Told): void {
  const text = line.replace(/^dumpcap: /, '').trim();
  const counters = /^Packets received\/dropped on interface .*: (\d+)\/(\d+) \(/.exec(text);
  const captured = /^Packets captured: (\d+)/.exec(text);
  if (counters !== null) told.dropped = Number(counters[2]);
  else if (captured !== null) told.captured = Number(captured[1]);
  else if (text.startsWith('File: ')) told.begun = true;
  else if (text !== '' && !text.startsWith('Capturing on ')) told.words.push(text);
}
