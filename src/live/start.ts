/** Starts a capture with the program that is wanted, or the first that can. */

import { CAP } from './cap.ts';
import type { Backend, LiveCapture, LiveOptions, Program, Wanted } from './capture.ts';
import { DUMPCAP } from './dumpcap.ts';
import { interfaceNames, isInterface } from './names.ts';
import { found, noInterface, noneThere, Refusal, refusalOf } from './refusals.ts';
import { userFor } from './rights.ts';
import { Running } from './running.ts';
import { TCPDUMP } from './tcpdump.ts';

export type { CaptureEnd, LiveCapture, LiveOptions } from './capture.ts';

const PROGRAMS: Record<Backend, Program> = { tcpdump: TCPDUMP, dumpcap: DUMPCAP, cap: CAP };
/** The best first: tcpdump tells its drops while it runs and hands packets over at once, cap hasn't got the kernel's times. */
const ORDER = ['tcpdump', 'dumpcap', 'cap'] as const;

export const DEFAULT_SNAPLEN = 128;

/**
 * Resolves once packets are captured.
 * @throws InputError: what, why, and what helps
 */
export async function startCapture(options: LiveOptions): Promise<LiveCapture> {
  const { backend, user, count, snaplen, bufferKiB, filter, interface: from } = options;
  const asked: Omit<Wanted, 'bufferKiB'> = {
    interface: from,
    filter: filter === null || filter.trim() === '' ? null : filter.trim(),
    snaplen: snaplen ?? DEFAULT_SNAPLEN,
    count: count ?? null,
    user: userFor(user ?? null),
  };
  if (!isInterface(from)) throw noInterface(from, interfaceNames());
  const startWith = (name: Backend): Promise<LiveCapture> => {
    const program = PROGRAMS[name];
    return start(program, { ...asked, bufferKiB: bufferKiB ?? program.bufferKiB });
  };
  if (backend !== 'auto') return startWith(backend);
  let refused: Refusal | null = null;
  for (const name of ORDER) {
    try {
      return await startWith(name);
    } catch (error) {
      if (!(error instanceof Refusal) || error.kind === 'other') throw error;
      // Rights belong to programs: another one may have them.
      if (error.kind === 'rights') refused ??= error;
    }
  }
  throw refused ?? noneThere(from);
}

/** @throws Refusal */
async function start(program: Program, wanted: Wanted): Promise<LiveCapture> {
  const command = program.command(wanted);
  const running = new Running(program, command, wanted);
  if (await running.begun) return running;
  // Started by another program (setpriv), it is still the one that lacks rights.
  const path = program.name === 'cap' ? command.path : found(program.name, wanted.interface);
  throw refusalOf(program.name, { ...command, path }, wanted, running.told, interfaceNames());
}
