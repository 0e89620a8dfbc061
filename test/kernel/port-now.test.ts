/** The socket tables beside `ss`, and what is said of bind() beside what bind() does, in namespaces of the test's own. */

import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { type BindNow, portNow } from '../../src/sockets/port-now.ts';
import { parseTable } from '../../src/sockets/proc-net.ts';
import type { SocketEntry, SocketTable } from '../../src/sockets/types.ts';
import { addressPort } from '../../src/words.ts';
import { CLI } from '../cli/run.ts';
import { itKernel } from '../support/kernel.ts';
import { Remote } from './remote.ts';

type Ports = Record<string, number>;

class Host {
  /** holds the namespace, which ends with it */
  private readonly holder = new Remote(['unshare', '--net', 'sh', '-ec', 'ip link set lo up; exec cat']);
  private python: Remote | null = null;

  async open(sysctls: Record<string, number> = {}): Promise<void> {
    const own = readlinkSync('/proc/self/ns/net');
    while (
      readlinkSync(`/proc/${this.holder.pid}/ns/net`) === own ||
      !this.inside(['ip', 'link']).includes('lo: <LOOPBACK,UP')
    ) {
      await new Promise((wake) => setTimeout(wake, 10));
    }
    for (const [name, value] of Object.entries(sysctls)) this.inside(['sysctl', '-qw', `${name}=${value}`]);
    this.python = new Remote([...this.enter(), 'python3', `${import.meta.dirname}/holder.py`]);
  }

  get pid(): number {
    return this.python!.pid;
  }

  async hold(reuse: 0 | 1, v6only: 0 | 1): Promise<Ports> {
    return (await this.python!.ask({ op: 'hold', reuse, v6only }))['result'] as Ports;
  }

  async bind(address: string, port: number, reuse: 0 | 1): Promise<string | null> {
    return (await this.python!.ask({ op: 'bind', address, port, reuse }))['result'] as string | null;
  }

  inside(command: readonly string[]): string {
    const [file = '', ...args] = [...this.enter(), ...command];
    return execFileSync(file, args, { encoding: 'utf8', timeout: 20_000 });
  }

  table(): SocketTable {
    const begun = Date.now();
    const read = (name: string) => readFileSync(`/proc/${this.holder.pid}/net/${name}`);
    const sockets = [...parseTable(read('tcp'), false), ...parseTable(read('tcp6'), true)];
    return { begun, ended: Date.now(), sockets };
  }

  async close(): Promise<void> {
    await this.python?.end('SIGKILL');
    await this.holder.end('SIGKILL');
  }

  private enter(): string[] {
    return ['nsenter', `--net=/proc/${this.holder.pid}/ns/net`];
  }
}

async function onHost(test: (host: Host) => Promise<void>, sysctls: Record<string, number> = {}): Promise<void> {
  const host = new Host();
  try {
    await host.open(sysctls);
    await test(host);
  } finally {
    await host.close();
  }
}

const STATES: Record<string, SocketEntry['state']> = {
  ESTAB: 'ESTABLISHED',
  'FIN-WAIT-2': 'FIN_WAIT_2',
  'TIME-WAIT': 'TIME_WAIT',
  'CLOSE-WAIT': 'CLOSE_WAIT',
  LISTEN: 'LISTEN',
};

/** As `ss -tanoH` has a socket, without its timer: `TIME_WAIT 127.0.0.1:80 127.0.0.1:40000`. */
function named({ state, v6, localAddress, localPort, remoteAddress, remotePort }: SocketEntry): string {
  const end = (address: string, port: number) => {
    if (v6 && address === '::') return `*:${port}`;
    const text = v6 && !address.includes(':') ? `::ffff:${address}` : address;
    return addressPort({ address: text, port });
  };
  // A listener on one IPv6 address is shown with another kind of any address as its peer.
  const peer = state === 'LISTEN' ? '' : ` ${end(remoteAddress, remotePort)}`;
  return `${state} ${end(localAddress, localPort)}${peer}`;
}

describe('the socket tables', () => {
  itKernel('are what ss tells, with the timers to the second', () =>
    onHost(async (host) => {
      await host.hold(1, 0);
      const lines = host.inside(['ss', '-tanoH']).trim().split('\n');
      const { sockets } = host.table();
      const told = lines.map((line) => {
        const [state = '', , , local = '', peer = ''] = line.split(/\s+/);
        return STATES[state] === 'LISTEN' ? `LISTEN ${local}` : `${STATES[state]} ${local} ${peer}`;
      });
      expect(sockets.map(named).sort()).toEqual(told.sort());
      const timers = lines.flatMap((line) => /timer:\(timewait,(\d+)sec/.exec(line)?.[1] ?? []);
      const ours = sockets.flatMap(({ endsInMs }) => (endsInMs === null ? [] : [endsInMs / 1000]));
      expect(ours).toHaveLength(timers.length);
      expect(timers.length).toBeGreaterThanOrEqual(6);
      for (const seconds of ours) expect(Math.abs(seconds - 59)).toBeLessThan(3);
    }),
  );

  itKernel("have an orphan's long FIN_WAIT_2 to its end", () =>
    onHost(
      async (host) => {
        const { fin_wait_2: port, half_closed: owned } = await host.hold(1, 0);
        const table = parseTable(readFileSync(`/proc/${host.pid}/net/tcp`), false, { finTimeoutMs: 90_000 });
        const [orphan] = table.filter(({ localPort, state }) => localPort === port && state === 'FIN_WAIT_2');
        expect(orphan!.endsInMs! / 1000).toBeGreaterThan(57);
        expect(orphan!.endsInMs! / 1000).toBeLessThanOrEqual(60);
        // One with a keepalive timer that a process has.
        const [kept] = table.filter(({ localPort, state }) => localPort === owned && state === 'FIN_WAIT_2');
        expect([kept!.endsInMs, kept!.inode > 0]).toEqual([null, true]);
      },
      { 'net.ipv4.tcp_fin_timeout': 90 },
    ),
  );
});

const ADDRESSES = ['127.0.0.1', '127.0.0.2', '0.0.0.0', '::1', '::'];

describe('bind() and listen()', () => {
  for (const [old, v6only] of [
    [0, 0],
    [1, 0],
    [0, 1],
    [1, 1],
  ] as const) {
    const what = `${old === 0 ? 'without' : 'with'} SO_REUSEADDR${v6only === 1 ? ', with IPV6_V6ONLY' : ''}`;
    itKernel(`do beside old sockets ${what} what is said of them`, () =>
      onHost(async (host) => {
        const ports = await host.hold(old, v6only);
        const wrong: string[] = [];
        const open: string[] = [];
        for (const [name, port] of Object.entries(ports)) {
          for (const address of ADDRESSES) {
            const { fails } = portNow(host.table(), { address, port }, new Map());
            for (const fresh of [0, 1] as const) {
              const which: keyof BindNow = (['neither', 'newOnly', 'oldOnly', 'both'] as const)[2 * old + fresh]!;
              const error = await host.bind(address, port, fresh);
              const told = fails[which];
              const place = `${name}: ${address} ${which}: ${error}`;
              if (told === null) open.push(`${name} ${address}`);
              else if (told !== (error === 'EADDRINUSE')) wrong.push(`${place}, told ${told}`);
              // A socket of [::1] has IPV6_V6ONLY without being told.
              const has = v6only === 1 || name === 'time_wait_six';
              if (told === null && has !== (error === null)) wrong.push(`${place}, V6ONLY ${has}`);
            }
          }
        }
        expect(wrong).toEqual([]);
        // What no table decides: whether IPv4 meets sockets of `::`, or of connections that may have come from there.
        expect([...new Set(open)].sort()).toEqual([
          'established_any_six 0.0.0.0',
          'listen_any_six 0.0.0.0',
          'listen_any_six 127.0.0.1',
          'listen_any_six 127.0.0.2',
          'time_wait_any_six 0.0.0.0',
          'time_wait_six 0.0.0.0',
        ]);
      }),
    );
  }
});

describe('teardown port ADDR:PORT', () => {
  const ask = (host: Host, ...args: string[]): string => host.inside([process.execPath, CLI, 'port', ...args]);
  const flat = (text: string) => text.replace(/\s+/g, ' ');

  itKernel('names who listens', () =>
    onHost(async (host) => {
      const { listen } = await host.hold(0, 0);
      const text = flat(ask(host, `127.0.0.1:${listen}`));
      expect(text).toContain(`bind() to 127.0.0.1:${listen} fails now with EADDRINUSE`);
      expect(text).toContain(`whatever SO_REUSEADDR says: python3 (pid ${host.pid}) listens on 127.0.0.1`);
      expect(flat(ask(host, `127.0.0.2:${listen}`))).toContain('works now: no socket that is in its way is on it');
    }),
  );

  itKernel('tells until when TIME_WAIT is in the way, and what --try shows of SO_REUSEADDR', () =>
    onHost(async (host) => {
      for (const reuse of [0, 1] as const) {
        const { time_wait: port } = await host.hold(reuse, 0);
        const text = flat(ask(host, `*:${port}`, '--try'));
        expect(text).toContain('fails now with EADDRINUSE ("Address already in use") unless both the old sockets');
        expect(text).toMatch(/nobody listens, and 1 socket in TIME_WAIT is on it.*\(5\d(\.\d)? s from now\)/);
        expect(text).toContain(
          reuse === 1
            ? 'worked, and it was closed at once: so the old'
            : 'failed with EADDRINUSE: so an old socket has no',
        );
        const record = JSON.parse(ask(host, `*:${port}`, '-f', 'json', '--new-reuseaddr')) as Record<string, unknown>;
        expect(record).toMatchObject({
          port,
          error: null,
          reuseAddr: 'newOnly',
          bindFails: { neither: true, newOnly: true, oldOnly: true, both: false },
          listening: false,
          states: { TIME_WAIT: 1 },
        });
        const seconds = (Date.parse(String(record['worksAt'])) - Date.now()) / 1000;
        expect(seconds).toBeGreaterThan(50);
        expect(seconds).toBeLessThan(60);
      }
    }),
  );

  itKernel('knows what this user may not see, and not bind', () =>
    onHost(async (host) => {
      const { listen, close_wait: port } = await host.hold(0, 0);
      const nobody = (...args: string[]) =>
        flat(
          host.inside([
            'setpriv',
            '--reuid=65534',
            '--regid=65534',
            '--clear-groups',
            process.execPath,
            CLI,
            'port',
            ...args,
          ]),
        );
      expect(nobody(`*:${listen}`)).toContain(
        `1 socket here belongs to a process of uid 0 that this user may not look into: sudo teardown port '*:${listen}'`,
      );
      expect(nobody(`*:${port}`)).toContain('open in a process');
      const low = nobody('*:80', '--try');
      expect(low).toContain('For this user (uid 65534) bind() fails with EACCES');
      expect(low).toContain('With that right: bind() to *:80 works now: no socket is on it.');
      expect(low).toContain('failed with EACCES');
    }),
  );

  itKernel('tells of addresses of other machines, and of whole networks that are this one', () =>
    onHost(async (host) => {
      const text = flat(ask(host, '10.9.9.9:80'));
      expect(text).toContain('fails now with EADDRNOTAVAIL ("Cannot assign requested address")');
      expect(text).toContain('It has 127.0.0.1 and ::1.');
      expect(flat(ask(host, '[2001:db8::9]:80'))).toContain('EADDRNOTAVAIL');
      host.inside(['ip', 'route', 'add', 'local', '10.9.0.0/16', 'dev', 'lo']);
      expect(flat(ask(host, '10.9.9.9:80', '--try'))).toContain('works now: no socket is on it. Tried:');
      expect(flat(ask(host, '127.9.9.9:80', '--try'))).toContain("80 with SO_REUSEADDR (Node can't without) worked");
      expect(flat(ask(host, '10.10.9.9:80', '--try'))).toContain('failed with EADDRNOTAVAIL');
    }),
  );
});
