/** Why a capture can't be started, or has ended, in a user's words: read off what the programs say. */

import { InputError } from '../input/errors.ts';
import { CAP_WORDS } from './cap-task.ts';
import type { Backend, Command, Told, User, Wanted } from './capture.ts';
import { findProgram } from './programs.ts';

/** absent: the program is not there; rights: it may not capture, another one perhaps may; other: no program could. */
export type RefusalKind = 'absent' | 'rights' | 'other';

/** A program that does not capture. */
export class Refusal extends InputError {
  readonly kind: RefusalKind;

  constructor(kind: RefusalKind, what: string, why: string, hint: string) {
    super(what, why, hint);
    this.kind = kind;
  }
}

/** Packages of Debian and of Red Hat. */
const PACKAGES = { tcpdump: 'tcpdump', dumpcap: 'wireshark-common or wireshark-cli' } as const;

/** What to do where nothing captures: somebody else's tcpdump. */
const piped = (from: string): string => `sudo tcpdump -i ${from} -w - | teardown -`;

/** A program's path. @throws Refusal */
export function found(name: 'tcpdump' | 'dumpcap', from: string): string {
  const what = `can't capture on ${from} with ${name}`;
  const program = findProgram(name);
  if (program === null) throw new Refusal('absent', what, 'it is not installed', `install ${PACKAGES[name]}`);
  if (program.runs) return program.path;
  const hint = name === 'dumpcap' ? 'join its group: sudo usermod -aG wireshark $USER, then log in anew' : piped(from);
  throw new Refusal('rights', what, `you may not run ${program.path}`, hint);
}

/** None of the programs is there. */
export function noneThere(from: string): Refusal {
  const why = 'none of tcpdump, dumpcap (of Wireshark) and the npm package cap is installed';
  return new Refusal('absent', `can't capture on ${from}`, why, `install tcpdump, or from elsewhere: ${piped(from)}`);
}

/** @param names of the interfaces that there are */
export function noInterface(from: string, names: readonly string[]): Refusal {
  const some = names.slice(0, 6).join(', ');
  const more = names.length > 6 ? `, and ${names.length - 6} more` : '';
  const why = `there is no such interface${some === '' ? '' : `; there are ${some}${more}`}`;
  return new Refusal('other', `can't capture on ${from}`, why, 'teardown interfaces lists them');
}

/** What went wrong with an interface or the rights, as libpcap says it. */
const NO_RIGHTS = /permission|not permitted|CAP_NET_RAW/i;
/** The program could not give up root: a container may leave it no right to. */
const CANT_BECOME = /couldn't change|couldn't find user|initgroups|^setpriv: set|can't become user/im;
const NO_INTERFACE = /no such device|no device named|isn't a valid|doesn't exist/i;
const IS_DOWN = /is not up|network is down|went down/i;
const IS_GONE = /disappeared|no longer attached|no such device/i;

/**
 * A program ended before it captured.
 * @param names of the interfaces that there are
 */
export function refusalOf(
  name: Backend,
  { path }: Command,
  wanted: Wanted,
  told: Told,
  names: readonly string[],
): Refusal {
  const { interface: from, filter, user } = wanted;
  const what = `can't capture on ${from}`;
  const all = told.words.join('\n');
  const [said = 'it ended without a word'] = told.words;
  if (name === 'cap' && said.startsWith(CAP_WORDS.absent)) {
    const why = `cap does not load: ${said.slice(CAP_WORDS.absent.length)}`;
    return new Refusal('absent', `${what} with cap`, why, 'npm install cap, or install tcpdump');
  }
  if (CANT_BECOME.test(all)) return cantBecome(name, user, from);
  const wrong = filter === null ? null : wrongFilter(name, said, all, from);
  if (wrong !== null) {
    const hint = "as in: 'tcp port 443 and host 10.0.0.1' (man 7 pcap-filter)";
    return new Refusal('other', what, `wrong filter '${clipped(filter ?? '')}': ${wrong}`, hint);
  }
  if (NO_RIGHTS.test(all)) return noRights(name, path, from);
  if (NO_INTERFACE.test(all)) return noInterface(from, names);
  if (IS_DOWN.test(all)) {
    return new Refusal('other', what, 'the interface is down', `sudo ip link set dev ${from} up`);
  }
  return new Refusal('other', what, `${name}: ${short(said, from)}`, `another --backend, or: ${piped(from)}`);
}

/** tcpdump changes its user even where it is to stay root; other programs don't. */
function cantBecome(name: Backend, user: User | null, from: string): Refusal {
  const what = `can't capture on ${from}`;
  const why = (whom: string): string => `${name} can't become ${whom}: it lacks the right to (CAP_SETUID, CAP_SETGID)`;
  return user === null
    ? new Refusal('rights', what, why('another user'), '--backend dumpcap, or cap')
    : new Refusal('other', what, why(`user ${user.name}`), '--user root stays root');
}

function noRights(name: Backend, path: string, from: string): Refusal {
  const hint =
    name === 'cap'
      ? `install tcpdump, or: sudo teardown live -i ${from}`
      : `sudo setcap cap_net_raw+ep ${path}, or: ${piped(from)}`;
  return new Refusal('rights', `can't capture on ${from}`, `${name} lacks the right to capture`, hint);
}

/** What is wrong with the filter, in libpcap's words; null where that isn't what was said. */
function wrongFilter(name: Backend, said: string, all: string, from: string): string | null {
  const words = filterWords(name, said, all, from);
  return words === null ? null : clipped(words.replace(/^can't parse filter expression: | in filter expression$/g, ''));
}

function filterWords(name: Backend, said: string, all: string, from: string): string | null {
  if (name === 'cap') return said.startsWith(CAP_WORDS.filter) ? said.slice(CAP_WORDS.filter.length) : null;
  if (name === 'dumpcap') {
    if (!said.startsWith('Invalid capture filter')) return null;
    return /^That string isn't a valid capture filter \((.*)\)\.$/m.exec(all)?.[1] ?? 'syntax error';
  }
  // tcpdump names the interface before everything that has to do with that, and nothing before the filter's errors.
  return !said.startsWith(`${from}: `) && FILTER_WORDS.test(said) ? said : null;
}

/** From libpcap's grammar.y, scanner.l and gencode.c. */
const FILTER_WORDS =
  /filter|syntax error|expression|unknown|illegal|invalid|bogus|unsupported|not supported|not a valid|non-network|mask|out of range|too (?:long|big|large|many)|must be|can only|only supported|no .* support|undeclared|'.*'|"/i;

function short(said: string, from: string): string {
  const text = said.startsWith(`${from}: `) ? said.slice(from.length + 2) : said;
  return clipped(text);
}

/** A line's worth of it. */
function clipped(text: string): string {
  return text.length > 120 ? `${text.slice(0, 117)}...` : text;
}

/** How a program ended that nobody of us had asked to. */
export interface Ending {
  code: number | null;
  signal: string | null;
  /** whether the interface is still there */
  exists: boolean;
}

/** Why a capture ended; null where that was as it should be: its count was reached. */
export function failureOf(name: Backend, wanted: Wanted, told: Told, ending: Ending): InputError | null {
  const { code, signal, exists } = ending;
  const all = told.words.join('\n');
  // cap aborts its process when it is told that there is no more to come.
  const aborted = name === 'cap' && signal === 'SIGABRT';
  const reason = ((): string | null => {
    if (IS_GONE.test(all) || (aborted && !exists)) return 'the interface is gone';
    if (IS_DOWN.test(all) || aborted) return 'the interface went down';
    if (signal !== null) return `${name} was ended by ${signal}`;
    const [said] = told.words;
    if (code !== 0) return said === undefined ? `${name} failed` : `${name}: ${short(said, wanted.interface)}`;
    if (wanted.count !== null && (told.captured ?? 0) >= wanted.count) return null;
    return `somebody told ${name} to end`;
  })();
  if (reason === null) return null;
  return new InputError(`the capture on ${wanted.interface} ended`, reason, 'everything until then was analysed');
}
