/** The answer to "why can't I bind() here and now?" on a terminal: whether it fails, who is in the way, until when; a table. */

import { socketWords } from '../findings/bind-words.ts';
import type { PortGroup, PortNow } from '../sockets/port-now.ts';
import type { Owner } from '../sockets/types.ts';
import { addressPort, count, duration, list, plural, sentence } from '../words.ts';
import { CASE, type PortStyle } from './port.ts';
import { LATE_MS, type PortNowPage } from './port-now-record.ts';
import { hang, type Style, styleOf } from './style.ts';
import { type Column, layOut } from './table.ts';

/** Prose is hard to read when wider. */
const PROSE = 100;
/** Rows of the table. */
const ROWS = 20;
/** Addresses of this machine, and processes, that a sentence names. */
const NAMED = 6;

export function portNowText(page: PortNowPage, { color, width }: PortStyle): string {
  const style = styleOf(color);
  const prose = Math.min(width, PROSE);
  const answer =
    page.error === 'EADDRNOTAVAIL'
      ? notOurs(page)
      : [rightSentence(page), verdictSentence(page), holderSentence(page), endSentence(page)];
  const rest = [unseenSentence(page), triedSentence(page), rangeSentence(page)].filter((text) => text !== '');
  const laid = table(page, width, style);
  const tablePart =
    page.error === 'EADDRNOTAVAIL' && laid.length === 0 ? [] : ['', ...laid, ...hang('', note(page), prose, style.dim)];
  const lines = [
    ...hang('', answer.filter((text) => text !== '').join(' '), prose, style.bold),
    ...rest.flatMap((text) => hang('', text, prose)),
    ...tablePart,
  ];
  return `${lines.join('\n')}\n`;
}

function portName({ now }: PortNowPage): string {
  const { address, port } = now.asked;
  return address === null ? `*:${port}` : addressPort({ address, port });
}

function notOurs(page: PortNowPage): string[] {
  const { address } = page.now.asked;
  const port = portName(page);
  return [
    `bind() to ${port} fails now with EADDRNOTAVAIL ("Cannot assign requested address"): ${address} is no address of this machine.`,
    page.addresses.length === 0 ? 'It has none that is up.' : `It has ${list(page.addresses, NAMED)}.`,
    `If another machine is meant, ask there; what a capture tells of it: teardown port FILE ${shellWord(port)}`,
  ];
}

/** Whoever asks need not be whoever binds. */
function rightSentence({ error, uid, limits }: PortNowPage): string {
  if (error !== 'EACCES') return '';
  return `For this user (uid ${uid}) bind() fails with EACCES ("Permission denied"), whatever is on the port: those below ${limits.unprivilegedFrom} need root or CAP_NET_BIND_SERVICE. With that right:`;
}

/** Fails or works, and because of what. */
export function verdictSentence(page: PortNowPage): string {
  const { now, which } = page;
  const { listeners, holders } = now;
  const given = which === null ? '' : `, ${CASE[which]}`;
  if (outcomeOf(page) === false) {
    const free = now.groups.length === 0 ? 'no socket is on it' : 'no socket that is in its way is on it';
    const left = holders.length === 0 ? free : `${stateWords(holders)} ${areIs(holders)} on it`;
    return `bind() to ${portName(page)} works now${given}: ${left}.`;
  }
  const outcome = `fails now with EADDRINUSE ("Address already in use")${given}`;
  return `bind() to ${portName(page)} ${outcome}${unlessWords(page)}: ${reasonWords(listeners, holders)}.`;
}

/** Whether it fails, as far as that does not hang on IPV6_V6ONLY. */
function outcomeOf({ now, which }: PortNowPage): boolean | null {
  return which === null ? now.fails.neither : now.fails[which];
}

const V6ONLY = 'has IPV6_V6ONLY (ss -tlne)';

function unlessWords(page: PortNowPage): string {
  const { now, which } = page;
  const { fails, listeners } = now;
  const open = outcomeOf(page) === null || (which === null && fails.both === null);
  const what = listeners.length > 0 ? `what listens on [::] ${V6ONLY}` : 'what is on it has IPV6_V6ONLY';
  const only = open ? ` unless ${what}` : '';
  if (which !== null) return only;
  if (fails.both !== false) return `, whatever SO_REUSEADDR says${only}`;
  return `${only}${only === '' ? '' : ', and'} unless both the old sockets and the new one have SO_REUSEADDR`;
}

function reasonWords(listeners: readonly PortGroup[], holders: readonly PortGroup[]): string {
  const left = `${stateWords(holders)} ${areIs(holders)} on it`;
  if (listeners.length === 0) return `nobody listens, and ${left}`;
  const who = uniqueOwners(listeners);
  const where = [...new Set(listeners.map(({ localAddress }) => localAddress))];
  const listen = `${processWord(who)} ${who.length > 1 ? 'listen' : 'listens'} on ${list(where, NAMED)}`;
  return holders.length === 0 ? listen : `${listen}, and ${left} too`;
}

/** Who has what is in the way. Of a listener's own connections the table tells. */
function holderSentence({ now }: PortNowPage): string {
  const { listeners, holders } = now;
  if (listeners.length > 0) return '';
  const owned = holders.filter(({ isOwned }) => isOwned);
  const left = holders.filter(({ isOwned }) => !isOwned);
  const parts: string[] = [];
  if (owned.length > 0) parts.push(`${stateWords(owned)} ${areIs(owned)} open in ${processWord(uniqueOwners(owned))}`);
  if (left.length > 0) {
    const what = owned.length > 0 ? stateWords(left) : countOf(left) === 1 ? 'it' : 'they';
    parts.push(
      `${what} ${areIs(left)} in no process any more: the kernel keeps ${countOf(left) === 1 ? 'it' : 'them'}`,
    );
  }
  return parts.length === 0 ? '' : `${sentence(parts.join('; '))}.`;
}

/** Until when, and what to do. */
function endSentence(page: PortNowPage): string {
  const { now, which } = page;
  const { listeners, holders } = now;
  const until = now.lastEnd === null ? '' : ` until ${momentWords(now, now.lastEnd)}`;
  if (outcomeOf(page) === false) {
    return holders.length === 0
      ? ''
      : `Unless both the old sockets and the new one have SO_REUSEADDR it fails${until}.`;
  }
  if (listeners.length > 0) {
    const remains =
      holders.length === 0
        ? ''
        : ' What is then left of its connections is in the way unless both sides have SO_REUSEADDR.';
    return `It fails as long as somebody listens (but for SO_REUSEPORT on both sides, of one user): ${stopWords(page, uniqueOwners(listeners))}.${remains}`;
  }
  const help =
    which === 'both'
      ? ''
      : ' To restart at once, set SO_REUSEADDR before bind(): it helps once the old sockets have it too.';
  return `${untilWords(page)}${help}`;
}

function untilWords(page: PortNowPage): string {
  const { now } = page;
  const late = `${duration(LATE_MS / 1000)} later at the latest`;
  if (now.lastEnd !== null) {
    return `The kernel's last timer ends at ${momentWords(now, now.lastEnd)}, or ${late}, unless a segment that comes starts it again; then it works.`;
  }
  const owned = now.holders.filter(({ isOwned }) => isOwned);
  if (owned.length > 0) {
    const who = uniqueOwners(owned);
    return `No timer ends what ${processWord(who)} has open: ${stopWords(page, who)}. TIME_WAIT may follow, of 60 s.`;
  }
  return 'Where their peers do not answer the kernel gives them up after some two minutes; TIME_WAIT may follow, of 60 s.';
}

/** "08:48:33 UTC (58 s from now)". */
function momentWords({ at }: PortNow, end: number): string {
  return `${clockOf(end)} UTC (${duration((end - at) / 1000)} from now)`;
}

const clockOf = (ms: number): string => new Date(ms).toISOString().slice(11, 19);

/** What a supervisor has started it starts again. */
function stopWords({ supervisors }: PortNowPage, owners: readonly Owner[]): string {
  const [first] = owners;
  const by = first === undefined ? null : (supervisors.get(first.pid) ?? null);
  if (by === null) return 'end it by what started it, since a supervisor starts again what is killed';
  if ('unit' in by) return `systemctl stop (or restart) ${by.unit}, since systemd may start again what is killed`;
  return `it runs in container ${by.container}: stop that, since what is killed may be started again`;
}

function unseenSentence(page: PortNowPage): string {
  const { now, uid } = page;
  if (now.unseen === 0) return '';
  const uids = [...new Set(now.groups.filter(isUnseen).map((group) => group.uid))];
  const what = `${plural(now.unseen, 'socket')} here ${now.unseen === 1 ? 'belongs' : 'belong'} to a process of uid ${list(uids.map(String), NAMED)}`;
  if (uid === 0) return `${what} that can't be seen from here: of another container, or the kernel's own (NFS).`;
  return `${what} that this user may not look into: sudo teardown port ${shellWord(portName(page))}`;
}

const isUnseen = ({ isOwned, owners }: PortGroup): boolean => isOwned && owners.length === 0;

function triedSentence({ tried, now }: PortNowPage): string {
  if (tried === null) return '';
  const { address, error } = tried;
  const what = `Tried: bind() and listen() on ${addressPort({ address, port: now.asked.port })} with SO_REUSEADDR (Node can't without)`;
  if (error === null) {
    const shows = now.holders.length > 0 ? ': so the old sockets have SO_REUSEADDR too' : '';
    return `${what} worked, and it was closed at once${shows}.`;
  }
  if (error !== 'EADDRINUSE') return `${what} failed with ${error}.`;
  if (now.listeners.length > 0) return `${what} failed with EADDRINUSE.`;
  if (now.holders.length > 0) return `${what} failed with EADDRINUSE: so an old socket has no SO_REUSEADDR.`;
  return `${what} failed with EADDRINUSE: a socket that is bound and neither listens nor has a peer is in no table (a newer ss -tanpB shows it).`;
}

/** A port that the kernel may give to any connection made from here. */
function rangeSentence({ now, limits }: PortNowPage): string {
  const { port } = now.asked;
  const [low, high] = limits.ephemeral ?? [1, 0];
  if (port < low || port > high || limits.isReserved) return '';
  return `The kernel may give port ${port} to any connection made from here (ip_local_port_range ${low}-${high}): a service keeps it by sysctl net.ipv4.ip_local_reserved_ports=${port}.`;
}

function table({ now }: PortNowPage, width: number, style: Style): string[] {
  if (now.groups.length === 0) return [];
  const shown = now.groups.slice(0, ROWS);
  const column = (title: string, of: (group: PortGroup) => string, more: Partial<Column> = {}): Column => {
    return { title, cells: shown.map(of), ...more };
  };
  const laid = layOut(
    [
      column('local address', ({ localAddress }) => localAddress, { shrink: { first: 20, last: 9 } }),
      column('state', ({ state }) => state),
      column('sockets', ({ sockets }) => count(sockets), { align: 'right' }),
      column('peers', peerWords, { shrink: { first: 18, last: 9 }, drop: 1 }),
      column('process', processWords, { shrink: { first: 30, last: 12 } }),
      column('until', ({ endsInMs }) => (endsInMs === null ? 'open' : clockOf(now.at + endsInMs)), { drop: 2 }),
      column('bind() fails', outcomeWords),
    ],
    width,
    style.bold,
  );
  const left = now.groups.length - shown.length;
  return [...laid.header, ...laid.rows, ...(left > 0 ? [style.dim(`and ${plural(left, 'row')} more`)] : [])];
}

function peerWords({ state, peers, peer, waiting }: PortGroup): string {
  if (state === 'LISTEN') return waiting === 0 ? '' : `${count(waiting)} wait for accept()`;
  return peer ?? count(peers);
}

function processWords(group: PortGroup): string {
  if (isUnseen(group)) return `? (uid ${group.uid})`;
  return group.isOwned ? ownerWords(group.owners) : '';
}

function outcomeWords({ overlap, fails }: PortGroup): string {
  if (overlap === 'no' || fails === null) return 'no';
  return `${fails.both ? 'always' : 'unless both'}${overlap === 'yes' ? '' : ', or V6ONLY'}`;
}

function note({ now }: PortNowPage): string {
  return `From the kernel's tables of this network namespace at ${clockOf(now.at)} UTC (containers have their own). They don't show SO_REUSEADDR, nor sockets that are only bound.`;
}

/** "3 in TIME_WAIT and 1 in FIN_WAIT_2". */
function stateWords(groups: readonly PortGroup[]): string {
  const states: Parameters<typeof socketWords>[0] = {};
  for (const { state, sockets } of groups) {
    if (state !== 'LISTEN') states[state] = (states[state] ?? 0) + sockets;
  }
  return socketWords(states);
}

const countOf = (groups: readonly PortGroup[]): number => groups.reduce((sum, { sockets }) => sum + sockets, 0);
const areIs = (groups: readonly PortGroup[]): string => (countOf(groups) === 1 ? 'is' : 'are');
/** Its name is not changed, so it begins no sentence. */
const processWord = (owners: readonly Owner[]): string => (owners.length === 0 ? 'a process' : ownerWords(owners));

function uniqueOwners(groups: readonly PortGroup[]): Owner[] {
  const all = new Map(groups.flatMap(({ owners }) => owners.map((owner) => [owner.pid, owner] as const)));
  return [...all.values()].sort((a, b) => a.pid - b.pid);
}

/** "node (pid 12)", "nginx (pids 3, 4 and 2 more)". */
function ownerWords(owners: readonly Owner[]): string {
  const names = [...new Set(owners.map(({ name }) => name))];
  const parts = names.map((name) => {
    const pids = owners.filter((owner) => owner.name === name).map(({ pid }) => String(pid));
    return `${name} (${pids.length === 1 ? 'pid' : 'pids'} ${list(pids, NAMED)})`;
  });
  return list(parts, NAMED);
}

/** As a shell takes it. */
const shellWord = (text: string): string => (/^[\w.:-]+$/.test(text) ? text : `'${text}'`);
