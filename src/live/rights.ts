/** Root is given up once the capture is open. */

import { accessSync, constants, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { InputError } from '../input/errors.ts';
import type { User } from './capture.ts';

/** What the kernel calls nobody, where /etc/passwd doesn't know it. */
const OVERFLOW_ID = 65_534;

/**
 * Whom root becomes.
 * @param name null: who called sudo, else nobody
 * @returns null where nothing is to change: we are not root, or are to stay it
 * @throws InputError where there is no such user, or we can't become it
 */
export function userFor(name: string | null): User | null {
  const uid = process.geteuid?.();
  if (uid === undefined || uid !== 0) {
    if (name === null || uid === undefined || find(name)?.uid === uid) return null;
    throw new InputError(`can't become user ${name}`, 'only root can do that', 'leave --user out');
  }
  if (name === 'root') return null;
  if (name !== null) {
    const user = find(name);
    if (user === null) {
      throw new InputError(`can't become user ${name}`, 'there is no such user', '--user root stays root');
    }
    return user.uid === 0 ? null : user;
  }
  return caller() ?? find('nobody') ?? { name: 'nobody', uid: OVERFLOW_ID, gid: OVERFLOW_ID, groups: [OVERFLOW_ID] };
}

/**
 * Gives up root for good. To be called when the capture is open, with the `user` that it was started with.
 * @param name as `userFor` takes it
 * @returns null where nothing changed
 * @throws InputError as `userFor`, or where root can't be given up: then nothing must be done any more
 */
export function dropRoot(name: string | null): { user: string } | null {
  const user = userFor(name);
  if (user === null) return null;
  becomeUser(user);
  return { user: user.name };
}

/** Becomes another user for good; only root can. @throws InputError where that failed, or root could be had again */
export function becomeUser({ name, uid, gid, groups }: User): void {
  const refuse = (why: string) => new InputError(`can't become user ${name}`, why, '--user root stays root');
  try {
    process.setgroups?.(groups);
    process.setgid?.(gid);
    process.setuid?.(uid);
  } catch {
    throw refuse('this root lacks the right to (CAP_SETUID, CAP_SETGID)');
  }
  const ids = [process.getuid?.(), process.geteuid?.()].every((id) => id === uid);
  const groupIds = [process.getgid?.(), process.getegid?.()].every((id) => id === gid);
  if (!ids || !groupIds || canBecomeRoot() || keepsRights()) throw refuse('root could be had again');
}

function canBecomeRoot(): boolean {
  try {
    process.setuid?.(0);
    return true;
  } catch {
    return false;
  }
}

/** Whether root's rights outlived root: a process may have been told to keep them. */
function keepsRights(): boolean {
  const status = textOf('/proc/self/status');
  return ['CapPrm', 'CapEff', 'CapAmb'].some((set) => {
    const bits = new RegExp(`^${set}:\\s*([0-9a-f]+)`, 'm').exec(status)?.[1];
    return bits !== undefined && /[^0]/.test(bits);
  });
}

/** Does something with the rights of a user, whom root is for so long. @param user null: as we are */
export function asUser<T>(user: User | null, step: () => T): T {
  const { getgroups, setgroups, getegid, setegid, seteuid } = process;
  if (user === null || !getgroups || !setgroups || !getegid || !setegid || !seteuid) return step();
  const [groups, gid] = [getgroups(), getegid()];
  setgroups(user.groups);
  setegid(user.gid);
  seteuid(user.uid);
  try {
    return step();
  } finally {
    seteuid(0);
    setegid(gid);
    setgroups(groups);
  }
}

/**
 * What keeps a user from writing a file: by the mode bits, as mayWrite.
 * @returns its folder, or the file itself where somebody else's is there; null: nothing
 */
export function inTheWay(path: string, user: User): string | null {
  const folder = dirname(path);
  if (!mayWrite(folder, user)) return folder;
  const file = statSync(path, { throwIfNoEntry: false });
  if (file === undefined || file.uid === user.uid) return null;
  const { mode, uid } = statSync(folder);
  const isSticky = (mode & 0o1000) !== 0 && uid !== user.uid;
  return isSticky || !mayBits(path, 0o2, user) ? path : null;
}

/**
 * Whether a user could make files in a folder: by the mode bits of it and of all folders above it; access lists are not looked at.
 * @param folder that exists; otherwise false
 */
export function mayWrite(folder: string, user: User): boolean {
  try {
    const path = realpathSync(folder);
    accessSync(path, constants.W_OK); // a file system that is read-only
    if (!mayBits(path, 0o3, user)) return false;
    for (let at = path; at !== dirname(at); ) {
      at = dirname(at);
      if (!mayBits(at, 0o1, user)) return false;
    }
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

function mayBits(path: string, bits: number, { uid, gid, groups }: User): boolean {
  const { mode, uid: owner, gid: group } = statSync(path);
  if (uid === 0) return true;
  const shift = uid === owner ? 6 : [gid, ...groups].includes(group) ? 3 : 0;
  return ((mode >> shift) & bits) === bits;
}

/** Who called sudo (or pkexec's like); null where nobody did, or root. */
function caller(): User | null {
  const { SUDO_UID, SUDO_GID, SUDO_USER } = process.env;
  const [uid, gid] = [idOf(SUDO_UID), idOf(SUDO_GID)];
  if (uid === null || gid === null || uid === 0) return null;
  const known = passwd().find((user) => user.uid === uid);
  if (known !== undefined) return known;
  // A user of a directory service, which no file here knows.
  return { name: SUDO_USER ?? `${uid}`, uid, gid, groups: [gid] };
}

function idOf(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : null;
}

function find(name: string): User | null {
  return passwd().find((user) => user.name === name) ?? null;
}

function passwd(): User[] {
  const members = textOf('/etc/group')
    .split('\n')
    .map((line) => line.split(':'));
  return textOf('/etc/passwd')
    .split('\n')
    .flatMap((line) => {
      const [name = '', , uidText, gidText] = line.split(':');
      const [uid, gid] = [idOf(uidText), idOf(gidText)];
      if (name === '' || uid === null || gid === null) return [];
      const others = members.flatMap(([, , id, names = '']) => (names.split(',').includes(name) ? [idOf(id)] : []));
      return [{ name, uid, gid, groups: [...new Set([gid, ...others.filter((id) => id !== null)])] }];
    });
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
