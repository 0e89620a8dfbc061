/** Programs that do not do as tcpdump does, and what any of them gets to know of us. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { ROOT } from '../architecture/sources.ts';
import { itKernel } from '../support/kernel.ts';
import type { Parts } from './lab.ts';
import { PIPED, Tries, WHAT } from './tries.ts';

const tries = new Tries();

describe('a program that behaves oddly', () => {
  const other = (why: string) => ({ what: WHAT, why, hint: `another --backend, or: ${PIPED}` });
  const fake = (script: string, how = {}) => ({ path: tries.shipped.counterfeit('tcpdump', script, how) });

  itKernel('fails for a reason of its own', async () => {
    expect(await tries.refused({}, fake('echo "tcpdump: live0: it rains" >&2; exit 1'))).toEqual(
      other('tcpdump: it rains'),
    );
  });

  itKernel('fails without a word', async () => {
    expect(await tries.refused({}, fake('exit 0'))).toEqual(other('tcpdump: it ended without a word'));
  });

  itKernel('is no program', async () => {
    const { why } = (await tries.refused({}, fake('', { first: '#!/no/such/interpreter' })))!;
    expect(why).toMatch(/^tcpdump: spawn .*\/tcpdump ENOENT$/);
  });

  itKernel('neither begins nor ends', async () => {
    expect(await tries.refused({}, fake('exec sleep 60'))).toEqual(other('tcpdump: it did not begin within 10 s'));
  });

  const begin = 'echo "tcpdump: listening on live0, link-type EN10MB" >&2; ';

  async function failure(script: string, task = {}): Promise<Parts | null | undefined> {
    await tries.taken(task, fake(begin + script));
    return (await tries.player.said()).failure;
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

  itKernel('says nothing while it captures', async () => {
    await tries.taken({}, fake('printf xxxx; exec sleep 20'));
    tries.player.tell('kill');
    expect((await tries.player.said()).failure).toBeNull();
  });

  itKernel('does not end when it is told to: it is killed', async () => {
    await tries.taken({}, fake(`trap '' INT TERM; ${begin} while :; do sleep 1; done`));
    tries.player.tell('stop');
    const { failure: why, endMs } = await tries.player.said();
    expect(why).toBeNull();
    expect(endMs).toBeGreaterThan(2900);
    expect(endMs).toBeLessThan(6000);
  });

  itKernel('gets to know nothing of our environment, and no shell sees what it is told', async () => {
    const seen = join(tries.folder, 'seen');
    const odd = 'tcp and $(touch /tmp/x) "; #';
    const path = tries.shipped.counterfeit(
      'tcpdump',
      `{ env; echo "cwd=$(pwd)"; printf '<%s>' "$@"; } > ${seen}; exit 1`,
    );
    await tries.refused({ filter: odd, snaplen: 200, count: 3, bufferKiB: 512, user: 'daemon' }, { path });
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
    const [cwd = ''] = tries.shipped.counterfeit('tcpdump', 'echo "tcpdump: live0: it rains" >&2; exit 1').split(':');
    expect((await tries.refused({}, { path: `${cwd}:${process.env['PATH']}` }))?.why).toBe('tcpdump: it rains');
    expect(await tries.taken({}, { path: `.::${process.env['PATH']}`, cwd })).toBe('tcpdump');
  });

  itKernel('has handed over everything before we look', async () => {
    const capture = join(tries.folder, 'all.pcap');
    const from = join(ROOT, 'fixtures/demo/restart-outage.pcap');
    await tries.taken({ file: capture, count: 1 }, fake(`${begin} cat ${from}; echo "1 packet captured" >&2`));
    expect((await tries.player.said()).failure).toBeNull();
    expect(readFileSync(capture).equals(readFileSync(from))).toBe(true);
  });
});
