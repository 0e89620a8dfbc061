/** Real sockets in a network namespace, captured on its loopback interface while their tables are looked at. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect } from 'vitest';
import { analyze } from '../../src/analyze.ts';
import type { Endpoint, Flow, TcpState } from '../../src/report/types.ts';
import { parseTable } from '../../src/sockets/proc-net.ts';
import type { Owner } from '../../src/sockets/types.ts';
import { KERNEL_DIFFERS, Witness } from '../../src/sockets/witness.ts';
import { itKernel } from '../support/kernel.ts';

/** Does as it is told, line by line; the server's socket is s, the client's c. */
const PLAYER = `
import socket, sys
s, c, kept = {}, {}, []
for line in sys.stdin:
    word, name = line.split()
    port = int(name)
    if word == 'open':
        l = socket.socket(); l.setsockopt(1, 2, 1); l.bind(('127.0.0.1', port)); l.listen(); kept.append(l)
        c[port] = socket.socket(); c[port].setsockopt(1, 8, 4096); c[port].connect(('127.0.0.1', port))
        s[port] = l.accept()[0]
    elif word == 'fill':
        s[port].setblocking(False)
        try:
            while True: s[port].send(b'x' * 65536)
        except BlockingIOError: pass
    elif word == 's-close': s[port].close()
    elif word == 's-shut': s[port].shutdown(1)
    elif word == 'c-close': c[port].close()
    print('done', flush=True)
`;
const LOOK_MS = 200;
const [WAITS, LEAKED, UNSENT, ORPHAN, NO_ROOM] = [7001, 7002, 7003, 7004, 7005] as const;

function ownersOf(pid: number): Map<number, Owner[]> {
  const name = readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  const links = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
  const inodes = links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []);
  return new Map(inodes.map((inode) => [Number(inode), [{ pid, name }]]));
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

class Play {
  readonly net = `tdsock-${process.pid}`;
  readonly folder = mkdtempSync(join(tmpdir(), 'teardown-witness-'));
  readonly witness = new Witness();
  readonly file = join(this.folder, 'lo.pcap');
  private readonly children: ChildProcess[] = [];
  private player!: ChildProcess;
  private answers!: AsyncIterator<string>;

  async open(): Promise<void> {
    execFileSync('ip', ['netns', 'add', this.net]);
    execFileSync('ip', ['-n', this.net, 'link', 'set', 'lo', 'up']);
    const dump = this.start('tcpdump', '-i', 'lo', '-U', '--immediate-mode', '-Z', 'root', '-w', this.file, 'tcp');
    for await (const line of createInterface({ input: dump.stderr! })) if (line.includes('listening on')) break;
    this.player = this.start('python3', '-c', PLAYER);
    this.answers = createInterface({ input: this.player.stdout! })[Symbol.asyncIterator]();
  }

  private start(...args: string[]): ChildProcess {
    const child = spawn('ip', ['netns', 'exec', this.net, ...args], { stdio: 'pipe' });
    this.children.push(child);
    return child;
  }

  set(name: string, value: number): void {
    execFileSync('ip', ['netns', 'exec', this.net, 'sysctl', '-qw', `net.ipv4.${name}=${value}`]);
  }

  async tell(word: string, ...ports: number[]): Promise<void> {
    for (const port of ports) {
      this.player.stdin!.write(`${word} ${port}\n`);
      expect((await this.answers.next()).value).toBe('done');
    }
  }

  /** `ip netns exec` becomes the program, so that its process is the player's. */
  async look(times: number): Promise<void> {
    const pid = this.player.pid!;
    for (let i = 0; i < times; i++) {
      const begun = Date.now();
      const sockets = parseTable(readFileSync(`/proc/${pid}/net/tcp`), false);
      this.witness.look({ begun, ended: Date.now(), sockets }, ownersOf(pid));
      await sleep(LOOK_MS);
    }
  }

  async flows(): Promise<Map<number, Flow>> {
    await sleep(300);
    const report = await analyze([this.file]);
    const last = report.capture.lastPacket;
    return new Map(report.flows.map((flow) => [flow.server.port, this.witness.tell(flow, last)]));
  }

  close(): void {
    for (const child of this.children) child.kill('SIGKILL');
    execFileSync('ip', ['netns', 'del', this.net]);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

itKernel(
  'the kernel of this machine and what is captured of it tell the same, or the kernel more',
  async () => {
    const play = new Play();
    try {
      await play.open();
      play.set('tcp_fin_timeout', 2);
      await play.tell('open', WAITS, LEAKED, UNSENT, ORPHAN, NO_ROOM);
      await play.tell('fill', UNSENT);
      await play.look(3);
      await play.tell('s-close', WAITS, UNSENT, ORPHAN);
      await play.tell('c-close', LEAKED, WAITS);
      play.set('tcp_max_tw_buckets', 0);
      await play.tell('s-shut', NO_ROOM);
      await play.look(1);
      await play.tell('c-close', NO_ROOM);
      await play.look(Math.ceil(5_500 / LOOK_MS));
      const flows = await play.flows();
      const [wait, leak, unsent, orphan, noRoom] = [WAITS, LEAKED, UNSENT, ORPHAN, NO_ROOM].map(
        (port) => flows.get(port)!,
      );
      const kernelStates = ({ kernel }: Endpoint): TcpState[] => kernel!.map(({ state }) => state);

      const { timeWait } = wait!.endpoints.server;
      expect(timeWait!.basis).toBe('kernel');
      const lasts = (Date.parse(timeWait!.until) - Date.parse(timeWait!.from)) / 1000;
      expect(lasts).toBeGreaterThan(59.9);
      expect(lasts).toBeLessThan(60.1);
      expect(wait!.endpoints.server.states.find(({ state }) => state === 'FIN_WAIT_1')!.basis).toBe('observed');

      const held = leak!.holders!.filter(({ side, socket }) => side === 'server' && socket === 'connection');
      expect(held).toMatchObject([{ name: 'python3', state: 'CLOSE_WAIT' }]);
      expect(leak!.endpoints.server.states.at(-1)).toMatchObject({ state: 'CLOSE_WAIT', basis: 'kernel', open: true });
      expect(leak!.holders!.some(({ socket }) => socket === 'listener')).toBe(true);

      // close() with a full send buffer: no FIN is on the wire.
      expect(unsent!.endpoints.server.finAt).toBeNull();
      expect(unsent!.endpoints.server.states.at(-1)).toMatchObject({ state: 'FIN_WAIT_1', basis: 'kernel' });

      const { server } = orphan!.endpoints;
      expect(server.states.at(-1)).toMatchObject({ state: 'CLOSED', basis: 'kernel' });
      expect(server.finWait2Seconds).toBeGreaterThan(1.9);
      expect(server.finWait2Seconds).toBeLessThan(4);
      expect(orphan!.endpoints.client.states.at(-1)).toMatchObject({ state: 'CLOSE_WAIT', basis: 'kernel' });

      expect(noRoom!.endpoints.server.states.at(-1)!.state).toBe('TIME_WAIT');
      expect(kernelStates(noRoom!.endpoints.server)).not.toContain('TIME_WAIT');

      const differing = [...flows].filter(([, { notes }]) => notes.includes(KERNEL_DIFFERS)).map(([port]) => port);
      expect(differing).toEqual([NO_ROOM]);
    } finally {
      play.close();
    }
  },
  60_000,
);
