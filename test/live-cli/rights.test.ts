/** Root is given up once it captures: what reads packets and writes files is somebody else's process by then. */
import { chmodSync, chownSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { temporaryFolder } from '../cli/run.ts';
import { itKernel, missingForKernel } from '../support/kernel.ts';
import { installed, openFolder, Place, procText, reportOf, sleep } from './rig.ts';

const NOBODY = 65_534;

/** one that its owner alone may enter */
const closed = temporaryFolder();

let place: Place;
let server: number;

beforeAll(async () => {
  if (missingForKernel() !== null) return;
  place = new Place(openFolder());
  server = await place.serve();
});

afterAll(() => place?.remove());

/** A folder of somebody's, who alone may write to it. */
function folderOf(name: string, uid: number): void {
  mkdirSync(place.path(name));
  chownSync(place.path(name), uid, uid);
}

/** Real, effective, saved and file system ids of a process, and whether it may do anything that others may not. */
function identity(pid: number) {
  const status = procText(pid, 'status');
  const ids = (name: string) => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1]?.split('\t').map(Number);
  const rights = ['CapPrm', 'CapEff'].some((name) =>
    /[^0]/.test(new RegExp(`^${name}:\\s*(\\w+)`, 'm').exec(status)![1]!),
  );
  return { uids: ids('Uid'), gids: ids('Gid'), rights };
}

const all = (id: number) => ({ uids: [id, id, id, id], gids: [id, id, id, id], rights: false });

/** passwd(5)'s ids of a user that every Linux has, none of them root's. */
function idOf(user: string): number {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((each) => each.startsWith(`${user}:`));
  return Number(line?.split(':')[2]);
}

const sudoBy = (name: string, id: number) => ({ SUDO_UID: `${id}`, SUDO_GID: `${id}`, SUDO_USER: name });

describe('started as root', () => {
  const users = () => [
    { name: 'named', args: ['--user', 'daemon'], env: {}, uid: idOf('daemon') },
    { name: 'sudo', args: [], env: sudoBy('bin', idOf('bin')), uid: idOf('bin') },
    // One of a directory service, whom tcpdump could not find here.
    { name: 'far', args: ['--backend', 'cap'], env: sudoBy('far', 54_321), uid: 54_321 },
    { name: 'nobody', args: [], env: {}, uid: NOBODY },
  ];

  itKernel('it is somebody else as soon as it captures, and writes as that one', async () => {
    const runs = await Promise.all(
      users().map(({ name, args, env, uid }) => {
        folderOf(name, uid);
        const outputs = ['json', 'html', 'md', 'csv', 'ndjson', 'txt'].flatMap((format) => [
          '-o',
          `${name}/r.${format}`,
        ]);
        return place.captures([...args, '-f', 'text', ...outputs, '-w', `${name}/r.pcap`], { env });
      }),
    );
    await place.call('server', 'kept');
    for (const [i, { uid }] of users().entries()) {
      const run = runs[i]!;
      expect(identity(run.pid)).toEqual(all(uid));
      // Who captures is not root either, which alone looks up whose sockets these are.
      expect(identity(run.capturer())).toEqual(all(uid));
      const others = [...run.children()].filter(([pid]) => identity(pid).rights).map(([, line]) => line);
      expect(others).toEqual([expect.stringMatching(/owner-child\.js/)]);
    }
    await sleep(1200);
    for (const [i, { name, uid }] of users().entries()) {
      const { code, stdout, stderr } = await runs[i]!.end();
      expect([code, stderr.match(/stays root/)]).toEqual([0, null]);
      expect(stdout).toMatch(/^teardown {2}live0/m);
      const files = ['pcap', 'json', 'html', 'md', 'csv', 'ndjson', 'txt'].map((format) => `${name}/r.${format}`);
      for (const file of files) {
        expect([file, statSync(place.path(file)).uid]).toEqual([file, uid]);
        expect(place.read(file).length, file).toBeGreaterThan(300);
      }
      const { flows } = reportOf(place.read(`${name}/r.json`));
      const kept = flows.find(({ kind }) => kind === 'half-closed');
      const holder = { pid: server, name: 'td-server' };
      expect(kept?.holders).toMatchObject([
        { ...holder, socket: 'connection', state: 'CLOSE_WAIT' },
        { ...holder, socket: 'listener' },
      ]);
    }
  });

  itKernel('it names the folder that the user named may not write to, and captures nothing', async () => {
    folderOf('closed', 0);
    for (const [flag, path] of [
      ['-o', 'closed/r.json'],
      ['-w', 'closed/r.pcap'],
      ['--evidence', 'closed/r.pcapng'],
    ] as const) {
      const { code, stdout, stderr } = await place.live(['-i', 'live0', '--user', 'daemon', flag, path]).ended;
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toBe(
        "teardown: can't become user daemon: user daemon may not write to closed\n  name another folder or user\n",
      );
    }
  });

  itKernel('it can write where each has files of its own, as in /tmp, but not over those of others', async () => {
    mkdirSync(place.path('shared'));
    chmodSync(place.path('shared'), 0o1777);
    const args = ['--user', 'daemon', '--evidence', 'shared/r.pcapng', '-o', 'shared/r.html', '-o', 'shared/r.json'];
    const run = await place.captures([...args, '-w', 'shared/r.pcap', '-c', '5']);
    await place.call('client');
    const { code, stderr } = await run.ended;
    expect([code, stderr]).toEqual([0, expect.not.stringContaining("can't")]);
    const files = ['r.html', 'r.json', 'r.pcap', 'r.pcapng'].map((name) => place.path(`shared/${name}`));
    expect(files.map((file) => statSync(file).uid)).toEqual(files.map(() => idOf('daemon')));
    chownSync(place.path('shared/r.json'), 0, 0);
    const refused = await place.live(['-i', 'live0', ...args]).ended;
    expect(refused).toMatchObject({
      code: 2,
      stderr:
        "teardown: can't become user daemon: user daemon may not write to shared/r.json\n  name another folder or user\n",
    });
  });

  itKernel('it has read all of itself before, where root alone may read it', async () => {
    const cli = installed(closed); // 0700, as /root
    folderOf('far-away', NOBODY);
    const args = [
      '-f',
      'text',
      '-o',
      'far-away/r.html',
      '--evidence',
      'far-away/r.pcapng',
      '--metrics',
      '0',
      '-c',
      '5',
    ];
    const run = await place.captures(args, { cli });
    expect(identity(run.pid)).toEqual(all(NOBODY));
    await place.call('client');
    const { code, stdout, stderr } = await run.ended;
    expect([code, stderr]).toEqual([0, expect.not.stringContaining('unexpected')]);
    expect(stdout).toMatch(/^teardown {2}live0/m);
    expect(place.read('far-away/r.html')).toMatch(/<\/html>\s*$/);
  });

  itKernel('it stays root where nobody was named and outputs could not be written, and says so', async () => {
    folderOf('roots', 0);
    const run = await place.captures(['-o', 'roots/r.json', '-c', '5']);
    expect(identity(run.pid)).toEqual({ ...all(0), rights: true });
    await place.call('client');
    const { code, stderr } = await run.ended;
    expect(code).toBe(0);
    expect(stderr).toContain(
      'teardown: stays root, since user nobody may not write to roots (--user NAME names another)\n',
    );
    expect(reportOf(place.read('roots/r.json')).capture.packets).toBe(5);
  });

  itKernel('--user root stays it without a word', async () => {
    const run = await place.captures(['--user', 'root', '--no-sockets', '-f', 'json']);
    expect(identity(run.pid)).toEqual({ ...all(0), rights: true });
    expect([...run.children().values()].filter((line) => line.includes('owner-child'))).toEqual([]);
    await place.call('kept');
    await sleep(300);
    const { stdout, stderr } = await run.end();
    expect(stderr).not.toContain('root');
    const [flow] = reportOf(stdout).flows;
    expect([flow?.holders, flow?.endpoints.server.kernel]).toEqual([null, null]);
  });
});
