/** Who root becomes, that it can't go back, and what it could write then. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import type { User } from '../../src/live/capture.ts';
import { mayWrite } from '../../src/live/rights.ts';
import { ROOT } from '../architecture/sources.ts';
import { itKernel } from '../support/kernel.ts';
import { AS_NOBODY } from './lab.ts';

const folder = mkdtempSync(join(tmpdir(), 'teardown-rights-'));
const program = join(folder, 'drop.mjs');

/** Drops root as its argument says, and tells what it then is and can. */
const SCRIPT = `
import { readFileSync } from 'node:fs';
import { InputError } from '${join(ROOT, 'src/input/errors.ts')}';
import { dropRoot } from '${join(ROOT, 'src/live/rights.ts')}';
const tried = (what) => { try { what(); return true; } catch { return false; } };
try {
  const dropped = dropRoot(JSON.parse(process.argv[2]));
  const rights = /CapEff:\\s*(\\w+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1];
  console.log(JSON.stringify({
    user: dropped?.user ?? null, uid: process.getuid(), gid: process.getgid(), groups: process.getgroups().sort(),
    rights: Number('0x' + rights) > 0,
    regained: tried(() => process.setuid(0)) || tried(() => process.seteuid(0)) || tried(() => process.setgid(0)),
  }));
} catch (error) {
  if (!(error instanceof InputError)) throw error;
  console.log(JSON.stringify([error.what, error.why, error.hint]));
}
`;

beforeAll(async () => {
  chmodSync(folder, 0o755);
  const source = join(folder, 'source.ts');
  writeFileSync(source, SCRIPT);
  const bundle = await rolldown({ input: source, platform: 'node', external: [/^node:/] });
  await bundle.write({ file: program, format: 'esm' });
  await bundle.close();
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function drop(name: string | null, env: Record<string, string> = {}, as: string[] = []): unknown {
  const [first = '', ...rest] = [...as, process.execPath, program, JSON.stringify(name)];
  const { stdout, stderr } = spawnSync(first, rest, { env: { PATH: process.env['PATH'], ...env }, encoding: 'utf8' });
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

const gone = { rights: false, regained: false };

describe('root becomes', () => {
  itKernel('who is named, with all of its groups', () => {
    expect(drop('daemon')).toEqual({ user: 'daemon', uid: 1, gid: 1, groups: [1], ...gone });
  });

  itKernel('who called sudo', () => {
    const [, uid, gid] = lineOf('/etc/passwd', 'games');
    const env = { SUDO_UID: uid!, SUDO_GID: gid!, SUDO_USER: 'games' };
    expect(drop(null, env)).toMatchObject({ user: 'games', uid: Number(uid), gid: Number(gid), ...gone });
    // Not in /etc/passwd: a directory service knows it.
    const far = { SUDO_UID: '54321', SUDO_GID: '54322', SUDO_USER: 'far' };
    expect(drop(null, far)).toEqual({ user: 'far', uid: 54321, gid: 54322, groups: [54322], ...gone });
  });

  itKernel('nobody, where nobody called sudo but root', () => {
    const nobody = { user: 'nobody', uid: 65534, gid: 65534, groups: [65534], ...gone };
    expect(drop(null)).toEqual(nobody);
    expect(drop(null, { SUDO_UID: '0', SUDO_GID: '0', SUDO_USER: 'root' })).toEqual(nobody);
    expect(drop(null, { SUDO_UID: 'x', SUDO_GID: '0' })).toEqual(nobody);
  });

  itKernel('root, where that is named', () => {
    expect(drop('root')).toMatchObject({ user: null, uid: 0, rights: true });
  });

  itKernel('nobody who is not there', () => {
    expect(drop('no-such-user')).toEqual([
      "can't become user no-such-user",
      'there is no such user',
      '--user root stays root',
    ]);
  });
});

itKernel('root that lacks the right to become anybody says so', () => {
  expect(drop(null, {}, ['setpriv', '--bounding-set', '-setuid,-setgid'])).toEqual([
    "can't become user nobody",
    'this root lacks the right to (CAP_SETUID, CAP_SETGID)',
    '--user root stays root',
  ]);
});

itKernel('who is not root stays who it is', () => {
  expect(drop(null, {}, AS_NOBODY)).toMatchObject({ user: null, uid: 65534 });
  expect(drop('nobody', {}, AS_NOBODY)).toMatchObject({ user: null, uid: 65534 });
  const refused = ["can't become user daemon", 'only root can do that', 'leave --user out'];
  expect(drop('daemon', {}, AS_NOBODY)).toEqual(refused);
});

/** name, uid and gid of a line of /etc/passwd */
function lineOf(file: string, name: string): (string | undefined)[] {
  const line = readFileSync(file, 'utf8')
    .split('\n')
    .find((each) => each.startsWith(`${name}:`));
  const [first, , uid, gid] = line?.split(':') ?? [];
  return [first, uid, gid];
}

itKernel('a folder is known to be writable before root is given up', () => {
  const user: User = { name: 'daemon', uid: 1, gid: 1, groups: [1, 60] };
  const made = (name: string, mode: number, uid = 0, gid = 0): string => {
    const path = join(folder, name);
    mkdirSync(path);
    chownSync(path, uid, gid);
    chmodSync(path, mode);
    return path;
  };
  const closed = made('closed', 0o700);
  const inner = made('closed/inner', 0o777);
  const link = join(folder, 'link');
  symlinkSync(inner, link);
  expect({
    its: mayWrite(made('its', 0o700, 1), user),
    'its, and it may not': mayWrite(made('own', 0o077, 1, 1), user),
    'its group’s': mayWrite(made('group', 0o770, 0, 1), user),
    'another group’s': mayWrite(made('other', 0o070, 0, 60), user),
    everybody: mayWrite(made('all', 0o777), user),
    'not searchable': mayWrite(made('search', 0o776), user),
    root: mayWrite(made('root', 0o755), user),
    'below a closed one': mayWrite(inner, user),
    'by a link': mayWrite(link, user),
    'a file': mayWrite(program, user),
    absent: mayWrite(join(folder, 'absent'), user),
    'all for root': mayWrite(closed, { ...user, uid: 0 }),
    '/proc': mayWrite('/proc', user),
  }).toEqual({
    its: true,
    'its, and it may not': false,
    'its group’s': true,
    'another group’s': true,
    everybody: true,
    'not searchable': false,
    root: false,
    'below a closed one': false,
    'by a link': false,
    'a file': false,
    absent: false,
    'all for root': true,
    '/proc': false,
  });
});
