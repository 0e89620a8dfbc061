/** However a capture ends, what it has is reported; or it ends at once, and leaves nothing behind. */
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest';
import type { Report } from '../../src/report/types.ts';
import { itKernel, missingForKernel } from '../support/kernel.ts';
import { hasProgram, missing } from '../support/shared.ts';
import { isAlive, type Live, type Outcome, openFolder, Place, reportOf, sleep, until } from './rig.ts';

const BACKENDS = ['tcpdump', 'cap'] as const;
/** For what is captured to come through. */
const HANDED_OVER = 400;
const SUMMARY = /^teardown {2}live0 .*packets/m;

let place: Place;

beforeAll(async () => {
  if (missingForKernel() !== null) return;
  place = new Place(openFolder());
  await place.serve();
});

afterAll(() => place?.remove());

/** Text to standard output, and two files. */
const outputs = (name: string) => ['-f', 'text', '-o', `${name}.json`, '-o', `${name}.csv`];

function written(name: string): Report {
  expect(place.read(`${name}.csv`).split('\n').length).toBeGreaterThan(1);
  return reportOf(place.read(`${name}.json`));
}

async function isGone(pids: Iterable<number>): Promise<void> {
  const all = [...pids];
  await until(() => !all.some(isAlive), `${all.join(', ')} end`);
}

describe('a capture ends as it is asked to, with everything written', () => {
  itKernel('-c, --duration, SIGINT and SIGTERM', async () => {
    const run = (name: string, ...args: string[]) => place.captures([...outputs(name), ...args]);
    const asked = [
      ...['count', 'duration', 'int', 'term'].map((how) => ['tcpdump', how] as const),
      ...['count', 'int'].map((how) => ['cap', how] as const),
    ];
    const MORE: Record<string, string[]> = { count: ['-c', '12'], duration: ['--duration', '3s'] };
    const from = Date.now();
    const begun = asked.map(async ([backend, how]) => {
      const name = `${backend}-${how}`;
      return { name, how, live: await run(name, '--backend', backend, ...(MORE[how] ?? [])) };
    });
    const runs = await Promise.all(begun);
    const children = runs.flatMap(({ live }) => [...live.children().keys()]);
    expect(children.length).toBeGreaterThanOrEqual(2 * runs.length - 2);
    await place.call('server', 'client');
    await sleep(HANDED_OVER);
    for (const { how, live } of runs) {
      if (how === 'int') live.child.kill('SIGINT');
      if (how === 'term') live.child.kill('SIGTERM');
    }
    for (const { name, how, live } of runs) {
      const { code, signal, stdout, stderr } = await live.ended;
      expect([name, code, signal]).toEqual([name, 0, null]);
      expect(stdout).toMatch(SUMMARY);
      expect(stderr).toMatch(/^teardown: captures on live0 by .*; Ctrl-C ends it\n$/);
      const { capture, totals, flows } = written(name);
      expect(capture.damage).toEqual([]);
      if (how === 'count') expect(capture.packets).toBe(12);
      else if (how !== 'duration')
        expect([totals.flows, flows.map(({ kind }) => kind)]).toEqual([2, ['graceful', 'graceful']]);
    }
    expect(Date.now() - from).toBeGreaterThan(3000);
    await isGone(children);
  });

  itKernel('or as its program is killed: all until then is told, and that it is damaged', async () => {
    const run = (backend: string) => place.captures(['--backend', backend, ...outputs(`${backend}-killed`)]);
    const runs = await Promise.all(BACKENDS.map(run));
    await place.call('client');
    await sleep(HANDED_OVER);
    for (const live of runs) process.kill(live.capturer(), 'SIGKILL');
    for (const [i, backend] of BACKENDS.entries()) {
      const { code, stdout, stderr } = await runs[i]!.ended;
      expect([backend, code]).toEqual([backend, 3]);
      expect(stdout).toMatch(SUMMARY);
      const words = `${backend} was ended by SIGKILL`;
      expect(stderr.split('\n').slice(1)).toEqual([`teardown: live0: ${words}; what was captured is reported`, '']);
      const { capture, flows } = written(`${backend}-killed`);
      expect(capture.damage).toMatchObject([{ file: 'live0', what: words }]);
      expect(flows.map(({ kind }) => kind)).toEqual(['graceful']);
    }
  });
});

describe('a second Ctrl-C', () => {
  itKernel('ends at once: no half file, and nobody captures any more', async () => {
    const before = place.files();
    const run = await place.captures([
      '--backend',
      'tcpdump',
      ...outputs('second'),
      '-o',
      'second.html',
      '-w',
      'second.pcap',
    ]);
    const children = run.children();
    await place.call('client');
    // As one that does not listen any more: the first Ctrl-C waits for it.
    process.kill(run.capturer(), 'SIGSTOP');
    run.child.kill('SIGINT');
    await sleep(500);
    expect(run.child.exitCode ?? run.child.signalCode).toBeNull();
    const { code, signal, stdout } = await run.end('SIGINT');
    expect([code, signal]).toEqual([null, 'SIGINT']);
    expect(stdout).not.toMatch(SUMMARY);
    expect(place.files()).toEqual([...before, 'second.pcap'].sort());
    await isGone(children.keys());
  });
});

const ALL = ['tcpdump', 'dumpcap', 'cap'];

describe('the interface', () => {
  const itDumpcap = (name: string, test: () => Promise<void>) =>
    hasProgram('dumpcap') ? itKernel(name, test) : missing(name, 'dumpcap');
  let own: Place;
  let runs: Live[];

  /** All capture, and have seen a connection. */
  async function begin(): Promise<void> {
    own = new Place(openFolder());
    await own.serve();
    const run = (backend: string) => own.captures(['--backend', backend, '-f', 'text', '-o', `${backend}.json`]);
    runs = await Promise.all(ALL.map(run));
    await own.call('server');
    await sleep(HANDED_OVER);
  }

  afterEach(() => own?.remove());

  function expectDamaged({ code, stdout, stderr }: Outcome, backend: string, words: string): void {
    expect([backend, code]).toEqual([backend, 3]);
    expect(stdout).toMatch(SUMMARY);
    expect(stderr.split('\n').slice(1)).toEqual([`teardown: live0: ${words}; what was captured is reported`, '']);
    const { capture, flows } = reportOf(own.read(`${backend}.json`));
    expect(capture.damage).toMatchObject([{ file: 'live0', what: words }]);
    expect(flows.map(({ kind, initiator }) => [kind, initiator])).toEqual([['graceful', 'server']]);
  }

  itDumpcap('is deleted: all until then is told, and that it is damaged', async () => {
    await begin();
    own.net.ip('link', 'delete', 'live0');
    for (const [i, { ended }] of runs.entries()) expectDamaged(await ended, ALL[i]!, 'the interface is gone');
  });

  itDumpcap('is taken down: cap ends so, the others go on when it is up again', async () => {
    await begin();
    own.net.ip('link', 'set', 'live0', 'down');
    const [tcpdump, dumpcap, cap] = runs;
    expectDamaged(await cap!.ended, 'cap', 'the interface went down');
    own.net.ip('link', 'set', 'live0', 'up');
    await own.call('client');
    await sleep(HANDED_OVER);
    for (const [backend, run] of [['tcpdump', tcpdump!] as const, ['dumpcap', dumpcap!] as const]) {
      const { code, stderr } = await run.end();
      expect([backend, code, stderr.split('\n').length]).toEqual([backend, 0, 2]);
      const { capture, flows } = reportOf(own.read(`${backend}.json`));
      expect(capture.damage).toEqual([]);
      expect(flows.map(({ initiator }) => initiator)).toEqual(['server', 'client']);
    }
  });
});

describe('standard output is closed early', () => {
  /** As `teardown live ... | head -n 1`, and the exit code behind it. */
  const as = ['bash', '--norc', '-c', `"$0" "$@" | head -n 1; echo "code $\{PIPESTATUS[0]}"`];
  const FIRST = /^\d\d:.*#1 10\.77\.0\.2:\d+ > 10\.77\.0\.1:8002 {2}client closed first.*\ncode 0\n$/;

  itKernel('ends the run quietly, but not one that writes files', async () => {
    const alone = await place.captures([], { as });
    const files = await place.captures(['-f', 'text', '-o', 'closed.json', '-c', '25'], { as });
    const children = [...alone.children().keys(), ...files.children().keys()];
    await place.call('client');
    await until(() => alone.stdout !== '' && files.stdout !== '', 'a line');
    await place.call('client');
    const first = await alone.ended;
    await place.call('client');
    for (const { stdout, stderr } of [first, await files.ended]) {
      expect(stdout).toMatch(FIRST);
      expect(stderr).toMatch(/^teardown: captures on .*\n$/);
    }
    expect(reportOf(place.read('closed.json')).totals.flows).toBe(3);
    await isGone(children);
  });
});
