/** `teardown live` as it is built, run in a network namespace with real connections. */

import { type ChildProcessByStdio, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { expect } from 'vitest';
import type { Report } from '../../src/report/types.ts';
import { ROOT } from '../architecture/sources.ts';
import { CLI, temporaryFolder } from '../cli/run.ts';
import { Net } from '../live/lab.ts';

const CAST = join(import.meta.dirname, 'cast.py');

/** Ports of 10.77.0.1, by what becomes of a connection to them: cast.py. */
export const PORTS = { server: 8001, client: 8002, kept: 8003, aborted: 8004 } as const;
export type Way = keyof typeof PORTS;
export const SERVED = 'tcp and portrange 8001-8004';
/** what connections carry again and again */
export const SECRET = 'GEHEIMNIS-4711';

const ajv = new Ajv2020({ strict: true, allErrors: true });
addFormats.default(ajv);
ajv.addSchema(JSON.parse(readFileSync(new URL('../../schema/report.schema.json', import.meta.url), 'utf8')), 'report');
const isReport = ajv.getSchema('report')!;

/** A report, which must be as its schema says. */
export function reportOf(json: string): Report {
  const report = JSON.parse(json) as Report;
  isReport(report);
  expect(isReport.errors).toBeNull();
  return report;
}

export const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until something is so. @param what for the one who reads that it is not */
export async function until(done: () => boolean, what: string, ms = 10_000): Promise<void> {
  for (const end = Date.now() + ms; !done(); await sleep(25)) {
    if (Date.now() > end) throw new Error(`not within ${ms} ms: ${what}`);
  }
}

/** The program as it is installed in a folder, without the package cap. @returns its path */
export function installed(folder: string): string {
  mkdirSync(join(folder, 'node_modules'));
  for (const part of ['dist', 'package.json']) cpSync(join(ROOT, part), join(folder, part), { recursive: true });
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Record<string, object>;
  for (const name of Object.keys(dependencies ?? {})) {
    symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name));
  }
  return join(folder, 'dist/cli.js');
}

/** A folder of the test file's own that everybody may write to. */
export function openFolder(): string {
  const folder = temporaryFolder();
  chmodSync(folder, 0o777);
  return folder;
}

export interface Outcome {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface LiveHow {
  /** words before the program's own: lab.ts has some */
  as?: string[];
  env?: Record<string, string>;
  /** of another installation */
  cli?: string;
}

/** A run of `teardown live`. */
export class Live {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  stdout = '';
  stderr = '';
  /** the program's own: what `ip netns exec` starts takes its place */
  readonly pid: number;
  readonly ended: Promise<Outcome>;

  constructor(place: Place, args: readonly string[], { as = [], env = {}, cli = CLI }: LiveHow = {}) {
    const command = ['netns', 'exec', place.net.name, ...as, process.execPath, cli, 'live', ...args];
    this.child = spawn('ip', command, {
      stdio: 'pipe',
      cwd: place.folder,
      env: { PATH: process.env['PATH'] ?? '', ...env },
    });
    this.pid = this.child.pid!;
    this.child.stdout.on('data', (text) => {
      this.stdout += String(text);
    });
    this.child.stderr.on('data', (text) => {
      this.stderr += String(text);
    });
    this.ended = new Promise((resolve) => {
      this.child.once('close', (code, signal) => {
        resolve({ code, signal, stdout: this.stdout, stderr: this.stderr });
      });
    });
  }

  /** Until it captures. */
  async begun(): Promise<this> {
    await until(() => this.stderr.includes('captures on') || this.child.exitCode !== null, 'it captures');
    expect(this.stderr).toContain('captures on');
    return this;
  }

  /** The processes that it has started, and theirs: their command lines. */
  children(): Map<number, string> {
    const parents = new Map<number, number>();
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      const parent = /^PPid:\s*(\d+)/m.exec(procText(Number(pid), 'status'))?.[1];
      if (parent !== undefined) parents.set(Number(pid), Number(parent));
    }
    const isOurs = (pid: number): boolean => {
      const parent = parents.get(pid);
      return parent !== undefined && (parent === this.pid || isOurs(parent));
    };
    const ours = [...parents.keys()].filter(isOurs);
    return new Map(ours.map((pid) => [pid, procText(pid, 'cmdline').replaceAll('\0', ' ')]));
  }

  /** The process that captures. */
  capturer(): number {
    const found = [...this.children()].find(([, line]) => /tcpdump|dumpcap|cap-child/.test(line));
    return found?.[0] ?? expect.fail('nothing captures');
  }

  async end(signal: 'SIGINT' | 'SIGTERM' = 'SIGINT'): Promise<Outcome> {
    this.child.kill(signal);
    return this.ended;
  }
}

/** Whether a process is there and no zombie. */
export function isAlive(pid: number): boolean {
  return /^State:\s*[^ZX]/m.test(procText(pid, 'status'));
}

export function procText(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
}

/** A namespace with a server process, and a folder for outputs. */
export class Place {
  readonly net = new Net();
  readonly folder: string;
  readonly #runs: Live[] = [];
  #server: ReturnType<typeof spawn> | null = null;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** @returns the server's pid */
  async serve(): Promise<number> {
    const server = spawn('ip', ['netns', 'exec', this.net.name, 'python3', CAST, 'serve'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#server = server;
    await once(server.stdout, 'data');
    return server.pid!;
  }

  /** Connections, one after the other: the next one begins when this end has closed. */
  call(...ways: Way[]): Promise<void> {
    return this.#call(ways.map((way) => String(PORTS[way])));
  }

  /** The same, all from one port. */
  callFrom(own: number, ...ways: Way[]): Promise<void> {
    return this.#call(ways.map((way) => `${PORTS[way]}:${own}`));
  }

  async #call(ports: readonly string[]): Promise<void> {
    const client = spawn('ip', ['netns', 'exec', this.net.peer, 'python3', CAST, 'call', ...ports], {
      stdio: ['ignore', 'ignore', 'inherit'],
      timeout: 20_000,
    });
    const [code] = await once(client, 'exit');
    expect(code).toBe(0);
  }

  /** Starts a capture of what is served. */
  live(args: readonly string[], how?: LiveHow): Live {
    const run = new Live(this, args, how);
    this.#runs.push(run);
    return run;
  }

  /** The same, once it captures on live0. */
  captures(args: readonly string[], how?: LiveHow): Promise<Live> {
    return this.live(['-i', 'live0', ...args, SERVED], how).begun();
  }

  /** What a program says in our namespace. */
  say(...command: string[]): string {
    return execFileSync('ip', ['netns', 'exec', this.net.name, ...command], { encoding: 'utf8', timeout: 10_000 });
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  read(name: string): string {
    return readFileSync(this.path(name), 'utf8');
  }

  files(): string[] {
    return readdirSync(this.folder).sort();
  }

  /** Ends what was started, and removes the namespaces. */
  async remove(): Promise<void> {
    for (const run of this.#runs) run.child.kill('SIGKILL');
    this.#server?.kill('SIGKILL');
    await Promise.all(this.#runs.map(({ ended }) => ended));
    this.net.remove();
  }
}
