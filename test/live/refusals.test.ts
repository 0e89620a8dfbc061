/** What is said where nothing can be captured, in full. */
import { execFileSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { findProgram } from '../../src/live/programs.ts';
import { itKernel } from '../support/kernel.ts';
import { AS_NOBODY, hidden } from './lab.ts';
import { itDumpcap, PIPED, Tries, WHAT } from './tries.ts';

const tries = new Tries();

/** With the package cap not installed. */
async function withoutCap<T>(run: () => Promise<T>): Promise<T> {
  tries.shipped.withoutModules();
  try {
    return await run();
  } finally {
    tries.shipped.withModules();
  }
}

describe('a program that is not there', () => {
  itDumpcap('is passed over: dumpcap for tcpdump, cap for both', async () => {
    expect(await tries.taken({}, { as: hidden('tcpdump') })).toBe('dumpcap');
    expect(await tries.taken({}, { as: hidden('tcpdump', 'dumpcap') })).toBe('cap');
  });

  itKernel('none of them', async () => {
    expect(await withoutCap(() => tries.refused({}, { as: hidden('tcpdump', 'dumpcap') }))).toEqual({
      what: WHAT,
      why: 'none of tcpdump, dumpcap (of Wireshark) and the npm package cap is installed',
      hint: `install tcpdump, or from elsewhere: ${PIPED}`,
    });
  });

  itKernel('one that was asked for', async () => {
    const as = hidden('tcpdump', 'dumpcap');
    const why = 'it is not installed';
    expect(await tries.refused({ backend: 'tcpdump' }, { as })).toEqual({
      what: `${WHAT} with tcpdump`,
      why,
      hint: 'install tcpdump',
    });
    expect(await tries.refused({ backend: 'dumpcap' }, { as })).toEqual({
      what: `${WHAT} with dumpcap`,
      why,
      hint: 'install wireshark-common or wireshark-cli',
    });
    expect(await withoutCap(() => tries.refused({ backend: 'cap' }, { as }))).toEqual({
      what: `${WHAT} with cap`,
      why: "cap does not load: Cannot find module 'cap'",
      hint: 'npm install cap, or install tcpdump',
    });
  });

  itDumpcap('setpriv, which dumpcap needs as root', async () => {
    expect(await tries.refused({ backend: 'dumpcap' }, { as: hidden('setpriv') })).toEqual({
      what: `${WHAT} with dumpcap`,
      why: 'setpriv is missing, without which dumpcap would stay root',
      hint: 'install util-linux, or tcpdump, or name --user root',
    });
    expect(await tries.taken({ backend: 'dumpcap', user: 'root' }, { as: hidden('setpriv') })).toBe('dumpcap');
  });
});

describe('without rights', () => {
  itKernel('the first program is named, and what gives it the right', async () => {
    const lacks = {
      what: WHAT,
      why: 'tcpdump lacks the right to capture',
      hint: `sudo setcap cap_net_raw+ep ${findProgram('tcpdump')!.path}, or: ${PIPED}`,
    };
    expect(await tries.refused({}, { as: AS_NOBODY })).toEqual(lacks);
    expect(await tries.refused({ backend: 'tcpdump' }, { as: AS_NOBODY })).toEqual(lacks);
  });

  itDumpcap('dumpcap', async () => {
    expect(await tries.refused({ backend: 'dumpcap' }, { as: AS_NOBODY })).toEqual({
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
    expect(await tries.refused({ backend: 'cap' }, { as: AS_NOBODY })).toEqual(lacks);
    const as = [...hidden('tcpdump', 'dumpcap'), ...AS_NOBODY];
    expect(await tries.refused({}, { as })).toEqual(lacks);
  });

  for (const backend of ['tcpdump', 'dumpcap'] as const) {
    const itHere = backend === 'dumpcap' ? itDumpcap : itKernel;
    itHere(`what is advised helps ${backend}`, async () => {
      const path = tries.shipped.counterfeit(backend, '');
      const [own = ''] = path.split(':');
      copyFileSync(findProgram(backend)!.path, join(own, backend));
      const lacks = await tries.refused({ backend }, { path, as: AS_NOBODY });
      const [advice = ''] = lacks?.hint.split(', or: ') ?? [];
      expect(advice).toBe(`sudo setcap cap_net_raw+ep ${own}/${backend}`);
      execFileSync('setcap', ['cap_net_raw+ep', join(own, backend)]);
      expect(await tries.taken({ backend }, { path, as: AS_NOBODY })).toBe(backend);
      tries.net.connect();
      await new Promise((resolve) => setTimeout(resolve, 800));
      tries.player.tell('stop');
      expect(await tries.player.said()).toMatchObject({ failure: null, dropped: 0 });
    });
  }

  itDumpcap('another program that has the right is taken', async () => {
    const words = "tcpdump: live0: You don't have permission to perform this capture on that device";
    const path = tries.shipped.counterfeit('tcpdump', `echo "${words}" >&2; exit 1`);
    expect(await tries.taken({}, { path })).toBe('dumpcap');
  });

  itKernel('a program that we may not run', async () => {
    const path = tries.shipped.counterfeit('tcpdump', '', { mode: 0o644 }).split(':')[0]!;
    const as = hidden('tcpdump', 'dumpcap');
    const program = `${path}/tcpdump`;
    expect(await tries.refused({ backend: 'tcpdump' }, { path: `${path}:/usr/bin:/bin`, as })).toEqual({
      what: `${WHAT} with tcpdump`,
      why: `you may not run ${program}`,
      hint: PIPED,
    });
    const other = tries.shipped.counterfeit('dumpcap', '', { mode: 0o644 }).split(':')[0]!;
    expect(await tries.refused({ backend: 'dumpcap' }, { path: `${other}:/usr/bin:/bin`, as })).toEqual({
      what: `${WHAT} with dumpcap`,
      why: `you may not run ${other}/dumpcap`,
      hint: 'join its group: sudo usermod -aG wireshark $USER, then log in anew',
    });
  });
});

for (const backend of ['tcpdump', 'dumpcap', 'cap'] as const) {
  const itHere = backend === 'dumpcap' ? itDumpcap : itKernel;

  itHere(`${backend}: no such interface`, async () => {
    expect(await tries.refused({ backend, interface: 'nope7' })).toEqual({
      what: "can't capture on nope7",
      why: 'there is no such interface; there are lo, live0',
      hint: 'teardown interfaces lists them',
    });
  });

  itHere(`${backend}: an interface that is down`, async () => {
    tries.net.ip('link', 'set', 'live0', 'down');
    try {
      expect(await tries.refused({ backend })).toEqual({
        what: WHAT,
        why: 'the interface is down',
        hint: 'sudo ip link set dev live0 up',
      });
    } finally {
      tries.net.ip('link', 'set', 'live0', 'up');
    }
  });

  itHere(`${backend}: a wrong filter, in libpcap's words`, async () => {
    const hint = "as in: 'tcp port 443 and host 10.0.0.1' (man 7 pcap-filter)";
    const why = async (filter: string) => {
      const parts = await tries.refused({ backend, filter });
      expect([parts?.what, parts?.hint]).toEqual([WHAT, hint]);
      return parts?.why;
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
    expect((await tries.refused({ interface: name }))?.why).toBe('there is no such interface; there are lo, live0');
  }
});

describe('whose it becomes', () => {
  itKernel('is somebody who is there', async () => {
    expect(await tries.refused({ user: 'nobody-of-that-name' })).toEqual({
      what: "can't become user nobody-of-that-name",
      why: 'there is no such user',
      hint: '--user root stays root',
    });
  });

  itKernel('is for root alone to say', async () => {
    expect(await tries.refused({ user: 'daemon' }, { as: AS_NOBODY })).toEqual({
      what: "can't become user daemon",
      why: 'only root can do that',
      hint: 'leave --user out',
    });
    expect((await tries.refused({ user: 'nobody' }, { as: AS_NOBODY }))?.why).toBe(
      'tcpdump lacks the right to capture',
    );
  });

  for (const backend of ['tcpdump', 'dumpcap', 'cap'] as const) {
    (backend === 'dumpcap' ? itDumpcap : itKernel)(`may be nobody else in some containers: ${backend}`, async () => {
      const as = ['setpriv', '--bounding-set', '-setuid,-setgid'];
      expect(await tries.refused({ backend, filter: 'tcp' }, { as })).toEqual({
        what: WHAT,
        why: `${backend} can't become user nobody: it lacks the right to (CAP_SETUID, CAP_SETGID)`,
        hint: '--user root stays root',
      });
      if (backend !== 'tcpdump') {
        expect(await tries.taken({ backend, filter: 'tcp', user: 'root' }, { as })).toBe(backend);
        return;
      }
      expect(await tries.refused({ backend, filter: 'tcp', user: 'root' }, { as })).toEqual({
        what: WHAT,
        why: "tcpdump can't become another user: it lacks the right to (CAP_SETUID, CAP_SETGID)",
        hint: '--backend dumpcap, or cap',
      });
      expect(await tries.taken({ user: 'root' }, { as })).toMatch(/^dumpcap|cap$/);
    });
  }
});
