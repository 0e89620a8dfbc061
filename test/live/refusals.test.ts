/** What is said where nothing can be captured, in full; and what other programs get to know of us. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest';
import { findProgram } from '../../src/live/programs.ts';
import { itKernel, missingForKernel } from '../support/kernel.ts';
import { hasProgram, missing } from '../support/shared.ts';
import { AS_NOBODY, hidden, Net, type Parts, Player, Shipped } from './lab.ts';

const PIPED = 'sudo tcpdump -i live0 -w - | teardown -';
const WHAT = "can't capture on live0";
const folder = mkdtempSync(join(tmpdir(), 'teardown-refused-'));

let shipped: Shipped;
let net: Net;
let player: Player | null = null;

beforeAll(async () => {
  if (missingForKernel() !== null) return;
  shipped = await Shipped.build();
  net = new Net();
});

afterEach(() => {
  player?.end();
  player = null;
});

afterAll(() => {
  net?.remove();
  shipped?.remove();
  rmSync(folder, { recursive: true, force: true });
});

interface How {
  path?: string;
  as?: string[];
}

function start(task: object, how: How = {}): Player {
  player?.end();
  player = new Player(shipped, net, { interface: 'live0', backend: 'auto', filter: null, ...task }, how);
  return player;
}

/** @returns why it does not capture, in its three parts */
async function refused(task: object, how?: How): Promise<Parts | undefined> {
  return (await start(task, how).said()).refused;
}

/** @returns what captures */
async function taken(task: object, how?: How): Promise<string | undefined> {
  const { source, refused: why } = await start(task, how).said();
  expect(why).toBeUndefined();
  return source?.backend;
}

const itDumpcap = (name: string, test: () => Promise<void>) =>
  hasProgram('dumpcap') ? itKernel(name, test) : missing(name, 'dumpcap');

/** With the package cap not installed. */
async function withoutCap<T>(run: () => Promise<T>): Promise<T> {
  shipped.withoutModules();
  try {
    return await run();
  } finally {
    shipped.withModules();
  }
}

describe('a program that is not there', () => {
  itDumpcap('is passed over: dumpcap for tcpdump, cap for both', async () => {
    expect(await taken({}, { as: hidden('tcpdump') })).toBe('dumpcap');
    expect(await taken({}, { as: hidden('tcpdump', 'dumpcap') })).toBe('cap');
  });

  itKernel('none of them', async () => {
    expect(await withoutCap(() => refused({}, { as: hidden('tcpdump', 'dumpcap') }))).toEqual({
      what: WHAT,
      why: 'none of tcpdump, dumpcap (of Wireshark) and the npm package cap is installed',
      hint: `install tcpdump, or from elsewhere: ${PIPED}`,
    });
  });

  itKernel('one that was asked for', async () => {
    const as = hidden('tcpdump', 'dumpcap');
    const why = 'it is not installed';
    expect(await refused({ backend: 'tcpdump' }, { as })).toEqual({
      what: `${WHAT} with tcpdump`,
      why,
      hint: 'install tcpdump',
    });
    expect(await refused({ backend: 'dumpcap' }, { as })).toEqual({
      what: `${WHAT} with dumpcap`,
      why,
      hint: 'install wireshark-common or wireshark-cli',
    });
    expect(await withoutCap(() => refused({ backend: 'cap' }, { as }))).toEqual({
      what: `${WHAT} with cap`,
      why: "cap does not load: Cannot find module 'cap'",
      hint: 'npm install cap, or install tcpdump',
    });
  });

  itDumpcap('setpriv, which dumpcap needs as root', async () => {
    expect(await refused({ backend: 'dumpcap' }, { as: hidden('setpriv') })).toEqual({
      what: `${WHAT} with dumpcap`,
      why: 'setpriv is missing, without which dumpcap would stay root',
      hint: 'install util-linux, or tcpdump, or name --user root',
    });
    expect(await taken({ backend: 'dumpcap', user: 'root' }, { as: hidden('setpriv') })).toBe('dumpcap');
  });
});

describe('without rights', () => {
  itKernel('the first program is named, and what gives it the right', async () => {
    const lacks = {
      what: WHAT,
      why: 'tcpdump lacks the right to capture',
      hint: `sudo setcap cap_net_raw+ep ${findProgram('tcpdump')!.path}, or: ${PIPED}`,
    };
    expect(await refused({}, { as: AS_NOBODY })).toEqual(lacks);
    expect(await refused({ backend: 'tcpdump' }, { as: AS_NOBODY })).toEqual(lacks);
  });

  itDumpcap('dumpcap', async () => {
    expect(await refused({ backend: 'dumpcap' }, { as: AS_NOBODY })).toEqual({
      what: WHAT,
      why: 'dumpcap lacks the right to capture',
      hint: `sudo setcap cap_net_raw+ep ${findProgram('dumpcap')!.path}, or: ${PIPED}`,
    });
  });

  itKernel('cap, for which Node.js would need the right: that is not advised', async () => {
    const lacks = {
      what: WHAT,
      why: 'cap lacks the right to capture',
      hint: 'install tcpdump, or: sudo teardown live -i live0',
    };
    expect(await refused({ backend: 'cap' }, { as: AS_NOBODY })).toEqual(lacks);
    const as = [...hidden('tcpdump', 'dumpcap'), ...AS_NOBODY];
    expect(await refused({}, { as })).toEqual(lacks);
  });

  itDumpcap('another program that has the right is taken', async () => {
    const words = "tcpdump: live0: You don't have permission to perform this capture on that device";
    const path = shipped.counterfeit('tcpdump', `echo "${words}" >&2; exit 1`);
    expect(await taken({}, { path })).toBe('dumpcap');
  });

  itKernel('a program that we may not run', async () => {
    const path = shipped.counterfeit('tcpdump', '', { mode: 0o644 }).split(':')[0]!;
    const as = hidden('tcpdump', 'dumpcap');
    const program = `${path}/tcpdump`;
    expect(await refused({ backend: 'tcpdump' }, { path: `${path}:/usr/bin:/bin`, as })).toEqual({
      what: `${WHAT} with tcpdump`,
      why: `you may not run ${program}`,
      hint: PIPED,
    });
    const other = shipped.counterfeit('dumpcap', '', { mode: 0o644 }).split(':')[0]!;
    expect(await refused({ backend: 'dumpcap' }, { path: `${other}:/usr/bin:/bin`, as })).toEqual({
      what: `${WHAT} with dumpcap`,
      why: `you may not run ${other}/dumpcap`,
      hint: 'join its group: sudo usermod -aG wireshark $USER, then log in anew',
    });
  });
});

for (const backend of ['tcpdump', 'dumpcap', 'cap'] as const) {
  const itHere = backend === 'dumpcap' ? itDumpcap : itKernel;

  itHere(`${backend}: no such interface`, async () => {
    expect(await refused({ backend, interface: 'nope7' })).toEqual({
      what: "can't capture on nope7",
      why: 'there is no such interface; there are lo, live0',
      hint: 'teardown interfaces lists them',
    });
  });

  itHere(`${backend}: an interface that is down`, async () => {
    net.ip('link', 'set', 'live0', 'down');
    try {
      expect(await refused({ backend })).toEqual({
        what: WHAT,
        why: 'the interface is down',
        hint: 'sudo ip link set dev live0 up',
      });
    } finally {
      net.ip('link', 'set', 'live0', 'up');
    }
  });

  itHere(`${backend}: a wrong filter, in libpcap's words`, async () => {
    const hint = "as in: 'tcp port 443 and host 10.0.0.1' (man 7 pcap-filter)";
    const why = async (filter: string) => {
      const parts = await refused({ backend, filter });
      expect([parts?.what, parts?.hint]).toEqual([WHAT, hint]);
      return parts?.why.replace(/can't parse filter expression: |\.$/g, '');
    };
    expect(await why('tcp and prot 80')).toBe("wrong filter 'tcp and prot 80': syntax error");
    expect(await why('-w /tmp/x')).toBe("wrong filter '-w /tmp/x': syntax error");
    expect(await why('tcp and udp and less 1 and ip6 and ip')).toMatch(/: expression rejects all packets$/);
    expect(await why('port 99999')).toMatch(/^wrong filter 'port 99999': illegal port number/);
    expect(await why('net 10.0.0.1/8')).toMatch(/: non-network bits set in "10.0.0.1\/8"$/);
  });
}

itKernel('what only programs take for interfaces is none', async () => {
  for (const name of ['1', '-', '-D', '/tmp/pipe', 'rpcap://10.0.0.1/eth0', 'TCP@10.0.0.1', '', 'a b']) {
    expect((await refused({ interface: name }))?.why).toBe('there is no such interface; there are lo, live0');
  }
});

describe('a program that behaves oddly', () => {
  const other = (why: string) => ({ what: WHAT, why, hint: `another --backend, or: ${PIPED}` });
  const fake = (script: string, how = {}) => ({ path: shipped.counterfeit('tcpdump', script, how) });

  itKernel('fails for a reason of its own', async () => {
    expect(await refused({}, fake('echo "tcpdump: live0: it rains" >&2; exit 1'))).toEqual(other('tcpdump: it rains'));
  });

  itKernel('fails without a word', async () => {
    expect(await refused({}, fake('exit 0'))).toEqual(other('tcpdump: it ended without a word'));
  });

  itKernel('is no program', async () => {
    expect((await refused({}, fake('nonsense', { first: '\x7fELF' })))?.why).toMatch(/^tcpdump: spawn E?\w+/);
  });

  itKernel('neither begins nor ends', async () => {
    expect(await refused({}, fake('exec sleep 60'))).toEqual(other('tcpdump: it did not begin within 10 s'));
  });

  const begin = 'echo "tcpdump: listening on live0, link-type EN10MB" >&2; ';

  async function failure(script: string, task = {}): Promise<Parts | null | undefined> {
    await taken(task, fake(begin + script));
    return (await player!.said()).failure;
  }

  itKernel('ends while it captures', async () => {
    const what = 'the capture on live0 ended';
    const hint = 'everything until then was analysed';
    expect(await failure('exit 0')).toEqual({ what, why: 'somebody told tcpdump to end', hint });
    expect(await failure('echo "tcpdump: it rains" >&2; exit 1')).toEqual({ what, why: 'tcpdump: it rains', hint });
    expect(await failure('exit 3')).toEqual({ what, why: 'tcpdump failed', hint });
    expect(await failure('echo "4 packets captured" >&2; exit 0', { count: 4 })).toBeNull();
    expect((await failure('echo "3 packets captured" >&2; exit 0', { count: 4 }))?.why).toBe(
      'somebody told tcpdump to end',
    );
    expect((await failure('echo "tcpdump: pcap_loop: The interface went down" >&2; exit 1'))?.why).toBe(
      'the interface went down',
    );
  });

  itKernel('does not end when it is told to: it is killed', async () => {
    await taken({}, fake(`trap '' INT TERM; ${begin} while :; do sleep 1; done`));
    player!.tell('stop');
    const { failure: why, endMs } = await player!.said();
    expect(why).toBeNull();
    expect(endMs).toBeGreaterThan(2900);
    expect(endMs).toBeLessThan(6000);
  });

  itKernel('gets to know nothing of our environment, and no shell sees what it is told', async () => {
    const seen = join(folder, 'seen');
    const odd = 'tcp and $(touch /tmp/x) "; #';
    const path = shipped.counterfeit('tcpdump', `{ env; echo "cwd=$(pwd)"; printf '<%s>' "$@"; } > ${seen}; exit 1`);
    await refused({ filter: odd, snaplen: 200, count: 3, bufferKiB: 512, user: 'daemon' }, { path });
    const text = readFileSync(seen, 'utf8');
    const [, args = ''] = /^(<.*>)$/m.exec(text) ?? [];
    expect(args).toBe(
      '<-i><live0><-n><-U><--immediate-mode><--time-stamp-precision=nano><-s><200><-B><512><-w><->' +
        `<-c><3><-Z><daemon><--><${odd}>`,
    );
    const names = [...text.matchAll(/^(\w+)=/gm)].map(([, name]) => name).sort();
    // PWD is the shell's own.
    expect(names.filter((name) => name !== 'PWD' && name !== '_')).toEqual(['LANG', 'LC_ALL', 'PATH', 'cwd']);
    expect(text).toContain('cwd=/\n');
    expect(text).not.toContain('of ours');
  });

  itKernel('is not taken from a folder that is not absolute', async () => {
    const path = `.:bin::${process.env['PATH']}`;
    await taken({}, { path });
    expect((await start({}, { path }).said()).source?.backend).toBe('tcpdump');
  });
});

describe('whose it becomes', () => {
  itKernel('is somebody who is there', async () => {
    expect(await refused({ user: 'nobody-of-that-name' })).toEqual({
      what: "can't become user nobody-of-that-name",
      why: 'there is no such user',
      hint: '--user root stays root',
    });
  });

  itKernel('is for root alone to say', async () => {
    expect(await refused({ user: 'daemon' }, { as: AS_NOBODY })).toEqual({
      what: "can't become user daemon",
      why: 'only root can do that',
      hint: 'leave --user out',
    });
    expect((await refused({ user: 'nobody' }, { as: AS_NOBODY }))?.why).toBe('tcpdump lacks the right to capture');
  });
});
