/** Network namespaces with real connections, and our capture started inside one of them, by real or by counterfeit programs. */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { rolldown } from 'rolldown';
import type { LiveSource } from '../../src/report/types.ts';
import { ROOT } from '../architecture/sources.ts';

/** An InputError. */
export interface Parts {
  what: string;
  why: string;
  hint: string;
}

/** It captures, or was refused. */
export interface Started {
  refused?: Parts;
  source?: LiveSource;
  interfaces?: string[];
  startMs?: number;
}

/** What came of it. */
export interface Ended {
  /** drops, each time that they were asked for */
  told?: (number | null)[];
  dropped?: number | null;
  failure?: Parts | null;
  /** whom it became */
  user?: string | null;
  ids?: (number | undefined)[];
  /** from the last word that it was told to the end */
  endMs?: number;
}

/** A folder that holds the program as it is shipped, with or without the npm package cap beside it. */
export class Shipped {
  readonly folder = mkdtempSync(join(tmpdir(), 'teardown-live-'));

  static async build(): Promise<Shipped> {
    const shipped = new Shipped();
    for (const [name, input] of [
      ['player', join(ROOT, 'test/live/player.ts')],
      ['cap-child', join(ROOT, 'src/live/cap-child.ts')],
    ] as const) {
      const bundle = await rolldown({ input: { [name]: input }, platform: 'node', external: [/^node:/] });
      await bundle.write({ dir: join(shipped.folder, 'dist'), format: 'esm', entryFileNames: '[name].js' });
      await bundle.close();
    }
    writeFileSync(join(shipped.folder, 'package.json'), JSON.stringify({ type: 'module', version: '0.0.0' }));
    chmodSync(shipped.folder, 0o755);
    shipped.withModules();
    return shipped;
  }

  /** With the package cap installed. */
  withModules(): void {
    for (const part of ['package.json', 'lib', 'build/Release/cap.node']) {
      cpSync(join(ROOT, 'node_modules/cap', part), join(this.#modules, 'cap', part), { recursive: true });
    }
  }

  /** As where nothing that is optional was installed. */
  withoutModules(): void {
    rmSync(this.#modules, { recursive: true, force: true });
  }

  get #modules(): string {
    return join(this.folder, 'node_modules');
  }

  get player(): string {
    return join(this.folder, 'dist/player.js');
  }

  /** A program in place of another one: a shell script, or what stands in the file. @returns PATH with it at the beginning */
  counterfeit(name: string, script: string, { mode = 0o755, first = '#!/bin/sh\n' } = {}): string {
    const folder = mkdtempSync(join(this.folder, 'bin-'));
    chmodSync(folder, 0o755);
    writeFileSync(join(folder, name), `${first}${script}\n`);
    chmodSync(join(folder, name), mode);
    return [folder, process.env['PATH']].join(delimiter);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

let count = 0;

/**
 * Words before a program's own, so that it runs where some programs are not installed: their files are hidden in the mount
 * namespace that `ip netns exec` makes for it.
 */
export function hidden(...programs: string[]): string[] {
  const files = ['/usr/bin', '/usr/sbin', '/usr/local/bin', '/usr/local/sbin', '/bin', '/sbin'].flatMap((folder) =>
    programs.map((program) => join(folder, program)),
  );
  const script = `for file in ${files.join(' ')}; do [ ! -f $file ] || mount --bind /dev/null $file; done; exec "$@"`;
  return ['sh', '-c', script, 'sh'];
}

/** Words before a program's own, so that it runs as nobody, without any rights. */
export const AS_NOBODY = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'];

/** A network namespace with a pair of interfaces, live0 (10.77.0.1) and live1 (10.77.0.2), the second in a namespace of its own. */
export class Net {
  readonly name: string;
  readonly peer: string;

  constructor() {
    this.name = `tdlive-${process.pid}-${count++}`;
    this.peer = `${this.name}p`;
    run('ip', 'netns', 'add', this.name);
    run('ip', 'netns', 'add', this.peer);
    this.pair();
    run('ip', '-n', this.name, 'link', 'set', 'lo', 'up');
  }

  /** The pair of interfaces, which a test may have removed. */
  pair(): void {
    run('ip', '-n', this.name, 'link', 'add', 'live0', 'type', 'veth', 'peer', 'name', 'live1', 'netns', this.peer);
    run('ip', '-n', this.name, 'addr', 'add', '10.77.0.1/24', 'dev', 'live0');
    run('ip', '-n', this.peer, 'addr', 'add', '10.77.0.2/24', 'dev', 'live1');
    run('ip', '-n', this.peer, 'link', 'set', 'live1', 'up');
    run('ip', '-n', this.name, 'link', 'set', 'live0', 'up');
  }

  ip(...args: string[]): void {
    run('ip', '-n', this.name, ...args);
  }

  /** TCP connections to 10.77.0.2:8080: the client sends 3 bytes, and closes first. */
  connect(connections = 1): void {
    const script = `
import socket, sys
n = int(sys.argv[1])
l = socket.create_server(('10.77.0.2', 8080)) if sys.argv[2] == 's' else None
if l:
    print('ready', flush=True)
    for i in range(n):
        c, _ = l.accept()
        while c.recv(100): pass
        c.close()
else:
    for i in range(n):
        c = socket.create_connection(('10.77.0.2', 8080)); c.sendall(b'abc'); c.shutdown(1)
        while c.recv(100): pass
        c.close()
`;
    const both = `
ip netns exec ${this.peer} python3 -c "$SCRIPT" ${connections} s > "$FIFO" & server=$!
read line < "$FIFO"
ip netns exec ${this.name} python3 -c "$SCRIPT" ${connections} c
wait $server
`;
    const folder = mkdtempSync(join(tmpdir(), 'teardown-fifo-'));
    const fifo = join(folder, 'ready');
    try {
      run('mkfifo', fifo);
      execFileSync('sh', ['-c', both], { env: { ...process.env, SCRIPT: script, FIFO: fifo }, timeout: 20_000 });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** Datagrams to a port of 10.77.0.2 where nobody is. @param pause s after each 50 of them */
  datagrams(count: number, pause = 0): void {
    const script = `
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(int(sys.argv[1])):
    try: s.sendto(b'x' * 60, ('10.77.0.2', 9))
    except ConnectionRefusedError: pass
    if i % 50 == 49: time.sleep(float(sys.argv[2]))
`;
    run('ip', 'netns', 'exec', this.name, 'python3', '-c', script, String(count), String(pause));
  }

  remove(): void {
    for (const name of [this.name, this.peer]) {
      try {
        run('ip', 'netns', 'del', name);
      } catch {
        // It was never made.
      }
    }
  }
}

function run(program: string, ...args: string[]): void {
  execFileSync(program, args, { stdio: ['ignore', 'ignore', 'pipe'], timeout: 20_000 });
}

/** The player, which captures inside a namespace and does as it is told. */
export class Player {
  readonly child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  errors = '';

  constructor(
    shipped: Shipped,
    net: Net,
    task: object,
    { path, as, cwd }: { path?: string; as?: string[]; cwd?: string } = {},
  ) {
    const enter = ['netns', 'exec', net.name, ...(as ?? []), process.execPath, shipped.player, JSON.stringify(task)];
    this.child = spawn('ip', enter, {
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(cwd === undefined ? {} : { cwd }),
      env: { ...process.env, SECRET: 'of ours', ...(path === undefined ? {} : { PATH: path }) },
    });
    this.#lines = createInterface({ input: this.child.stdout! })[Symbol.asyncIterator]();
    this.child.stderr!.on('data', (text) => {
      this.errors += String(text);
    });
  }

  /** What it says next. */
  async said(): Promise<Started & Ended> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error(`the player ended: ${this.errors}`);
    return JSON.parse(value as string) as Started & Ended;
  }

  tell(word: 'stop' | 'kill' | 'drop' | 'told' | 'exit'): void {
    this.child.stdin!.write(`${word}\n`);
  }

  end(): void {
    this.child.kill('SIGKILL');
  }
}
