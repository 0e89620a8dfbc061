/** Who has a socket open, with and without a process that keeps the right to look. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'rolldown';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { startOwnerReader } from '../../src/sockets/owner-reader.ts';
import { readOwners, readOwnersSlowly } from '../../src/sockets/owners.ts';
import { readSocketTable } from '../../src/sockets/proc-net.ts';
import { itKernel } from '../support/kernel.ts';

const CHILD = resolve(import.meta.dirname, '../../dist/owner-child.js');

let server: Server;
let inode: number;

beforeAll(async () => {
  if (process.platform !== 'linux') return;
  server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const socket = readSocketTable()!.sockets.find(({ localPort, state }) => localPort === port && state === 'LISTEN');
  inode = socket!.inode;
});

afterAll(() => {
  server?.close();
});

const self = () => ({ pid: process.pid, name: readFileSync('/proc/self/comm', 'utf8').trimEnd() });

/** Two processes that listen on one socket, until their standard input ends. */
const SHARING = `
import json, os, socket, sys
listener = socket.create_server(("127.0.0.1", 0))
child = os.fork()
if child == 0:
    sys.stdin.read()
    os._exit(0)
print(json.dumps({"inode": os.fstat(listener.fileno()).st_ino, "pids": [os.getpid(), child]}), flush=True)
sys.stdin.read()
os.waitpid(child, 0)
`;

/** What /proc shows of a process that is to end by itself. */
async function goes(pid: number): Promise<boolean> {
  for (let i = 0; i < 200 && existsSync(`/proc/${pid}/fd`); i++) await new Promise((wake) => setTimeout(wake, 20));
  return !existsSync(`/proc/${pid}/fd`);
}

describe('the owners of a socket', () => {
  itKernel('are the process that opened it, by all ways of looking', async () => {
    expect(readOwners([inode]).owners).toEqual(new Map([[inode, [self()]]]));
    expect((await readOwnersSlowly([inode])).owners).toEqual(new Map([[inode, [self()]]]));
    expect(readOwners().owners.get(inode)).toEqual([self()]);
  });

  itKernel('are all processes that share it, the lowest pid first', async () => {
    const child = spawn('python3', ['-c', SHARING], { stdio: ['pipe', 'pipe', 'inherit'] });
    const closed = once(child, 'close');
    try {
      const [line] = (await once(child.stdout, 'data')) as [Buffer];
      const shared = JSON.parse(String(line)) as { inode: number; pids: number[] };
      const pids = shared.pids.sort((a, b) => a - b);
      const expected = new Map([[shared.inode, pids.map((pid) => ({ pid, name: 'python3' }))]]);
      expect(readOwners([shared.inode]).owners).toEqual(expected);
      expect((await readOwnersSlowly([shared.inode])).owners).toEqual(expected);
    } finally {
      child.stdin.end();
      await closed;
    }
  });

  itKernel('are nobody for an inode that is none', async () => {
    expect(readOwners([0, 4_000_000_000]).owners.size).toBe(0);
    expect(readOwners([]).owners.size).toBe(0);
  });
});

describe('the process that keeps the right to look', () => {
  /** Starts a reader in a process of its own, which then has no rights. */
  async function asNobody(): Promise<Said> {
    const folder = mkdtempSync(join(tmpdir(), 'teardown-owners-'));
    try {
      const input = resolve(import.meta.dirname, '../../src/sockets/owner-reader.ts');
      const output = { file: join(folder, 'owner-reader.mjs'), format: 'esm' as const };
      await build({ input, platform: 'node', output, logLevel: 'silent' });
      writeFileSync(join(folder, 'nobody.mjs'), NOBODY);
      const args = [join(folder, 'nobody.mjs'), CHILD, String(inode), String(process.pid)];
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      let text = '';
      child.stdout.on('data', (chunk) => {
        text += String(chunk);
      });
      await once(child, 'close');
      return JSON.parse(text) as Said;
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  itKernel('answers a process that has dropped its rights, and ends with it', async () => {
    const { denied, found, child } = await asNobody();
    expect(denied).toBe('EACCES');
    expect(found).toEqual([[inode, [self()]]]);
    expect(child).toBeGreaterThan(0);
    expect(await goes(child)).toBe(true);
  });

  itKernel('answers as often as it is asked, side by side, until it is closed', async () => {
    const reader = await startOwnerReader(CHILD);
    const answers = await Promise.all([
      reader.read([inode]),
      reader.read([inode, 1]),
      reader.read([]),
      reader.read([0]),
    ]);
    expect(answers.map((owners) => owners.get(inode))).toEqual([[self()], [self()], undefined, undefined]);
    const pid = childOf(process.pid, CHILD);
    expect(readlinkSync(`/proc/${pid}/cwd`)).toBe('/');
    expect(
      readFileSync(`/proc/${pid}/environ`, 'latin1')
        .split('\0')
        .map((each) => each.split('=')[0]),
    ).toEqual(['NODE_CHANNEL_FD', 'NODE_CHANNEL_SERIALIZATION_MODE', '']);
    // Ctrl-C goes to it too, and must not end it.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(pid, signal);
    expect((await reader.read([inode])).get(inode)).toEqual([self()]);
    const last = reader.read([inode]);
    reader.close();
    expect((await last).get(inode)).toEqual([self()]);
    expect(await goes(pid)).toBe(true);
    // With the rights that are left: here those of this test.
    expect((await reader.read([inode])).get(inode)).toEqual([self()]);
  });

  itKernel('is done without where it is killed, or can not be started', async () => {
    const reader = await startOwnerReader(CHILD);
    const pid = childOf(process.pid, CHILD);
    process.kill(pid, 'SIGKILL');
    expect((await reader.read([inode])).get(inode)).toEqual([self()]);
    reader.close();
    const without = await startOwnerReader('/nowhere/owner-child.js');
    expect((await without.read([inode])).get(inode)).toEqual([self()]);
    const broken = await startOwnerReader(join(import.meta.dirname, 'recorded.ts'));
    expect((await broken.read([inode])).get(inode)).toEqual([self()]);
    broken.close();
  });
});

interface Said {
  /** why it may not look for itself any more */
  denied: string;
  found: [number, unknown][];
  child: number;
}

const NOBODY = `
import { readdirSync, readFileSync } from 'node:fs';
import { startOwnerReader } from './owner-reader.mjs';
const [, , program, inode, pid] = process.argv;
const reader = await startOwnerReader(program);
const child = Number(readFileSync('/proc/' + process.pid + '/task/' + process.pid + '/children', 'latin1'));
process.setgroups([]);
process.setgid(65534);
process.setuid(65534);
let denied = '';
try {
  readdirSync('/proc/' + pid + '/fd');
} catch (error) {
  denied = error.code;
}
const found = [...(await reader.read([Number(inode)]))];
console.log(JSON.stringify({ denied, found, child }));
`;

/** The process that a program runs in, of those that a process has started. */
function childOf(parent: number, program: string): number {
  const children = readFileSync(`/proc/${parent}/task/${parent}/children`, 'latin1').trim().split(' ').map(Number);
  return children.find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(program)) ?? 0;
}
