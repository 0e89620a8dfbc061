/** What is said of operating systems, by the user or a program: --os PROFILE, --os ADDR=PROFILE, --time-wait, --fin-timeout. */

import { OS_NAMES, type OsName, type TimerOverrides } from './teardown/profiles.ts';
import type { SystemSettings } from './teardown/systems.ts';
import { parseAddress } from './where/address.ts';

/** `auto`: what packets tell. */
export type OsChoice = OsName | 'auto';

/** A wrong choice of systems. */
export class OsError extends Error {
  override readonly name = 'OsError';
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}

const CHOICES: readonly OsChoice[] = ['auto', ...OS_NAMES];
const EXAMPLES = 'as in: --os windows, --os 10.0.0.1=freebsd, --os 2001:db8::1=macos';

export interface SystemOptions extends TimerOverrides {
  /** of all ends, or by address; '*' is all others */
  os?: string | Readonly<Record<string, string>> | undefined;
}

/** @throws OsError */
export function parseSystems({ os = 'auto', timeWaitSeconds, finTimeoutSeconds }: SystemOptions): SystemSettings {
  const { '*': others = 'auto', ...addresses } = typeof os === 'string' ? { '*': os } : os;
  const named = Object.entries(addresses).map(([address, name]) => ({
    words: wordsOf(address),
    system: systemOf(name),
  }));
  // Of two spellings of an address the later counts.
  return { system: systemOf(others), named: named.reverse(), timeWaitSeconds, finTimeoutSeconds };
}

/** The values of --os as one record; of several for the same address the last counts. @throws OsError */
export function choicesOf(values: readonly string[]): Record<string, OsChoice> {
  const choices: Record<string, OsChoice> = {};
  for (const value of values) {
    const equals = value.lastIndexOf('=');
    const address = equals < 0 ? '*' : value.slice(0, equals).replace(/^\[(.*)\]$/, '$1');
    if (equals >= 0) wordsOf(address);
    choices[address] = choiceOf(value.slice(equals + 1));
  }
  return choices;
}

function choiceOf(name: string): OsChoice {
  const choice = CHOICES.find((known) => known === name);
  if (choice === undefined) throw new OsError(`there is no system '${name}'`, `one of ${CHOICES.join(', ')}`);
  return choice;
}

function systemOf(name: string): OsName | null {
  const choice = choiceOf(name);
  return choice === 'auto' ? null : choice;
}

/** An address as a flow's record has it: IPv4 is ::ffff:a.b.c.d. */
function wordsOf(address: string): number[] {
  const bytes = parseAddress(address);
  if (bytes === null) throw new OsError(`'${address}' is no address`, EXAMPLES);
  const all = bytes.length === 4 ? [...MAPPED, ...bytes] : bytes;
  return [0, 4, 8, 12].map((i) => (all[i]! << 24) | (all[i + 1]! << 16) | (all[i + 2]! << 8) | all[i + 3]!);
}

const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];
