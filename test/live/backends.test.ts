/** Real connections, captured by each program. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest';
import { analyze } from '../../src/analyze.ts';
import type { Backend } from '../../src/live/capture.ts';
import { itKernel, missingForKernel } from '../support/kernel.ts';
import { Net, Player, Shipped } from './lab.ts';
import { itDumpcap } from './tries.ts';

const CONNECTIONS = 3;
/** SYN, SYN-ACK, ACK, data, ACK, FIN, FIN, ACK; an ACK may ride on a FIN. */
const PACKETS = [7 * CONNECTIONS, 9 * CONNECTIONS] as const;
/** dumpcap hands over every 250 ms. */
const HANDED_OVER = 800;
const folder = mkdtempSync(join(tmpdir(), 'teardown-captured-'));
const file = join(folder, 'live.pcap');

let shipped: Shipped | null = null;
let net: Net;
let player: Player;

beforeAll(async () => {
  if (missingForKernel() !== null) return;
  shipped = await Shipped.build();
  net = new Net();
});

afterEach(() => player?.end());

afterAll(() => {
  net?.remove();
  shipped?.remove();
  rmSync(folder, { recursive: true, force: true });
});

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Captures, as soon as the promise resolves. */
async function capture(task: object) {
  player = new Player(shipped!, net, { interface: 'live0', filter: 'tcp port 8080', file, ...task });
  const started = await player.said();
  expect(started.refused).toBeUndefined();
  return started;
}

/** Ends it, and reads what was captured. */
async function ended(word: 'stop' | 'kill' | null = 'stop') {
  if (word !== null) {
    await sleep(HANDED_OVER);
    player.tell(word);
  }
  const end = await player.said();
  const { flows, capture } = await analyze([file]);
  expect(capture.damage).toEqual([]);
  return { ...end, flows, capture };
}

/** Processes that capture on our interface, by the name of their program. */
function running(name: string): number[] {
  return readdirSync('/proc').flatMap((pid) => {
    try {
      const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      const captures = args.some((arg) => arg === 'live0' || arg.includes('"live0"')) && args[0]?.endsWith(name);
      return captures === true && Number(pid) !== playerPid() ? [Number(pid)] : [];
    } catch {
      return [];
    }
  });
}

async function until(done: () => boolean): Promise<void> {
  for (let tries = 0; tries < 60 && !done(); tries++) await sleep(50);
  expect(done()).toBe(true);
}

const SOURCES = {
  tcpdump: { timestamps: 'kernel', format: 'pcap-ns', dropped: 0, program: 'tcpdump' },
  dumpcap: { timestamps: 'kernel', format: 'pcapng', dropped: 0, program: 'dumpcap' },
  cap: { timestamps: 'user-space', format: 'pcap-ns', dropped: null, program: 'node' },
} as const;

for (const backend of ['tcpdump', 'dumpcap', 'cap'] as Backend[]) {
  const { timestamps, format, dropped, program } = SOURCES[backend];

  describe(backend, () => {
    const itHere = backend === 'dumpcap' ? itDumpcap : itKernel;

    itHere('hands over every packet of real connections, and says how it was captured', async () => {
      const started = await capture({ backend, snaplen: 96 });
      const source = { interface: 'live0', backend, timestamps, filter: 'tcp port 8080', snaplen: 96 };
      expect(started.source).toEqual(source);
      const from = Date.now();
      net.connect(CONNECTIONS);
      const to = Date.now();
      const { flows, capture: read, ...end } = await ended();
      expect([end.dropped, end.failure]).toEqual([dropped, null]);
      expect([read.files[0]?.format, read.files[0]?.linkTypes]).toEqual([format, ['ETHERNET']]);
      expect(read.packets).toBeGreaterThanOrEqual(PACKETS[0]);
      expect(read.packets).toBeLessThanOrEqual(PACKETS[1]);
      expect(read.tcpPackets).toBe(read.packets);
      expect(Date.parse(read.firstPacket!)).toBeGreaterThanOrEqual(from - 5);
      expect(Date.parse(read.lastPacket!)).toBeLessThanOrEqual(to + 50);
      expect(flows.map(({ initiator }) => initiator)).toEqual(Array(CONNECTIONS).fill('client'));
      expect(flows.every((flow) => flow.server.port === 8080 && flow.bytes.client === 3)).toBe(true);
    });

    itHere('ends by itself when its count is reached', async () => {
      await capture({ backend, count: 5 });
      net.connect();
      const { capture: read, failure } = await ended(null);
      expect([read.packets, failure]).toEqual([5, null]);
    });

    itHere('can be ended when root was given up', async () => {
      await capture({ backend, user: 'daemon' });
      player.tell('drop');
      net.connect();
      const { user, ids, failure, capture: read, endMs } = await ended();
      expect([user, ids, failure]).toEqual(['daemon', [1, 1], null]);
      expect(read.packets).toBeGreaterThan(0);
      expect(endMs).toBeLessThan(2000);
      await until(() => running(program).length === 0);
    });

    itHere('says that the interface is gone, and keeps what was captured', async () => {
      await capture({ backend });
      net.connect();
      await sleep(HANDED_OVER);
      net.ip('link', 'del', 'live0');
      const { failure, capture: read } = await ended(null).finally(() => net.pair());
      const what = 'the capture on live0 ended';
      expect(failure).toEqual({ what, why: 'the interface is gone', hint: 'everything until then was analysed' });
      expect(read.packets).toBeGreaterThan(0);
    });

    itHere('says that somebody ended it, and keeps what was captured', async () => {
      await capture({ backend });
      net.connect();
      await sleep(HANDED_OVER);
      for (const pid of running(program)) kill(pid, 'SIGKILL');
      const { failure, capture: read } = await ended(null);
      expect(failure?.why).toBe(`${backend} was ended by SIGKILL`);
      expect(read.packets).toBeGreaterThan(0);
    });

    itHere('does not survive us', async () => {
      await capture({ backend });
      player.tell('exit');
      await until(() => running(program).length === 0);

      await capture({ backend });
      kill(playerPid(), 'SIGKILL');
      await sleep(200);
      // What writes to a pipe that nobody reads ends with its next packet.
      net.connect();
      await until(() => running(program).length === 0);
    });

    itHere('is not reached by the Ctrl-C that reaches us', async () => {
      await capture({ backend });
      const sessions = running(program)
        .filter((pid) => pid !== playerPid())
        .map(sessionOf);
      expect(sessions).toHaveLength(1);
      expect(sessions[0]).not.toBe(sessionOf(playerPid()));
    });
  });
}

/** ip netns exec becomes the player. */
const playerPid = (): number => player.child.pid!;

function kill(pid: number, signal: NodeJS.Signals): void {
  process.kill(pid, signal);
}

/** The sixth of /proc/PID/stat, behind the name in parentheses. */
function sessionOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3]);
}

describe('an interface that goes down', () => {
  for (const backend of ['tcpdump', 'dumpcap'] as const) {
    (backend === 'dumpcap' ? itDumpcap : itKernel)(`may come up again: ${backend} goes on`, async () => {
      await capture({ backend });
      net.ip('link', 'set', 'live0', 'down');
      await sleep(300);
      net.ip('link', 'set', 'live0', 'up');
      net.connect();
      const { failure, capture: read } = await ended();
      expect(failure).toBeNull();
      expect(read.packets).toBeGreaterThanOrEqual(7);
    });
  }

  itKernel('ends cap, which says so', async () => {
    await capture({ backend: 'cap' });
    net.connect();
    await sleep(HANDED_OVER);
    net.ip('link', 'set', 'live0', 'down');
    const { failure, capture: read } = await ended(null).finally(() => net.ip('link', 'set', 'live0', 'up'));
    expect(failure?.why).toBe('the interface went down');
    expect(read.packets).toBeGreaterThan(0);
  });
});

describe('drops', () => {
  const overflow = { filter: 'udp', bufferKiB: 64, hold: 5000 };

  itKernel('are told by tcpdump while it runs', async () => {
    await capture({ ...overflow, backend: 'tcpdump' });
    net.datagrams(20_000);
    await sleep(4700);
    player.tell('told');
    const { told, dropped, capture: read } = await ended();
    expect(told?.[0]).toBeGreaterThan(0);
    expect(dropped).toBe(told?.[0]);
    expect(read.packets + dropped!).toBe(20_000);
  });

  itDumpcap('are told by dumpcap at the end, also in its file', async () => {
    await capture({ ...overflow, backend: 'dumpcap' });
    net.datagrams(60_000);
    await sleep(4700);
    const { dropped, capture: read } = await ended();
    expect(dropped).toBeGreaterThan(0);
    expect(read.dropped).toBe(dropped);
    expect(read.packets + dropped!).toBe(60_000);
  });
});

itKernel('the first program that is there is taken: tcpdump', async () => {
  const { source } = await capture({ backend: 'auto', filter: null });
  expect([source?.backend, source?.filter]).toEqual(['tcpdump', null]);
});

itKernel('a cap whose reader is busy goes on taking packets', async () => {
  // More than fit into the pipe and the slots of its kernel buffer.
  await capture({ filter: 'udp', backend: 'cap', bufferKiB: 65_536, hold: 3000 });
  net.datagrams(6000, 0.005);
  await sleep(3000);
  const { failure, capture: read, endMs } = await ended();
  expect(failure).toBeNull();
  expect(read.packets).toBe(6000);
  expect(endMs).toBeLessThan(3000);
});
