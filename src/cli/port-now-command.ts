import { InputError } from '../input/errors.ts';
import { portNowText } from '../output/port-now.ts';
import { bindError, type PortNowPage, portNowRecord } from '../output/port-now-record.ts';
import { reuseCase } from '../ports/answer.ts';
import { hostAddresses, isLocalAddress, readPortLimits, supervisorOf } from '../sockets/host.ts';
import { readOwners } from '../sockets/owners.ts';
import { type AskedPort, portNow, socketsOf } from '../sockets/port-now.ts';
import { readSocketTable } from '../sockets/proc-net.ts';
import { tryBind } from '../sockets/try-bind.ts';
import { EXIT_DONE, UsageError } from './errors.ts';
import { type ColorChoice, outputWidth, wantsColor, writeOut } from './terminal.ts';

export const PORT_FORMATS = ['text', 'json'] as const;

export interface PortNowFlags {
  format?: (typeof PORT_FORMATS)[number];
  oldReuseaddr?: true;
  newReuseaddr?: true;
  try?: true;
  color: ColorChoice;
}

/** `teardown port ADDR:PORT`: of this machine, now. @returns the exit code @throws InputError, UsageError */
export async function portNowCommand(asked: AskedPort, flags: PortNowFlags): Promise<number> {
  if (asked.port === 0) throw new UsageError('port 0 means any free port', 'as in: teardown port *:80');
  const table = readSocketTable();
  if (table === null) {
    const hint = `lsof -nP -iTCP:${asked.port}, or name a capture: teardown port FILE ADDR:PORT`;
    throw new InputError("can't read the socket tables", 'this system has no /proc/net/tcp', hint);
  }
  const inodes = socketsOf(table, asked.port).flatMap(({ inode }) => (inode === 0 ? [] : [inode]));
  const now = portNow(table, asked, readOwners(inodes).owners);
  const pids = [...now.listeners, ...now.holders].flatMap(({ owners }) => owners.map(({ pid }) => pid));
  const isLocal = asked.address === null || isLocalAddress(asked.address);
  const limits = readPortLimits(asked.port);
  const page: PortNowPage = {
    now,
    which:
      flags.oldReuseaddr === undefined && flags.newReuseaddr === undefined
        ? null
        : reuseCase(flags.oldReuseaddr === true, flags.newReuseaddr === true),
    error: bindError(asked, isLocal, limits),
    addresses: hostAddresses(),
    limits,
    uid: process.geteuid?.() ?? 0,
    supervisors: new Map([...new Set(pids)].map((pid) => [pid, supervisorOf(pid)])),
    tried: flags.try === true ? await tryBind(asked) : null,
  };
  const text =
    flags.format === 'json'
      ? `${JSON.stringify(portNowRecord(page), null, 2)}\n`
      : portNowText(page, { color: wantsColor(flags.color), width: outputWidth() });
  writeOut([text]);
  return EXIT_DONE;
}
