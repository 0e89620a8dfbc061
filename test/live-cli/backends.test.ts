/** Each program that captures: real connections, the kernel's own states beside them, and nothing of what they carry. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import type { Flow, Report } from '../../src/report/types.ts';
import { itKernel, missingForKernel } from '../support/kernel.ts';
import { wholeText } from '../support/page.ts';
import { hasProgram, missing } from '../support/shared.ts';
import { type Outcome, openFolder, Place, PORTS, reportOf, SECRET, SERVED, sleep, type Way } from './rig.ts';

const BACKENDS = ['tcpdump', 'dumpcap', 'cap'] as const;
const here = BACKENDS.filter((backend) => backend !== 'dumpcap' || hasProgram('dumpcap'));
const FORMATS = ['json', 'txt', 'html', 'md', 'csv'];
/** For what the kernel tells in its ticks, and by when we ask it. */
const NEAR_MS = 1500;

let place: Place;
let server: number;
const ended = new Map<string, Outcome>();
/** what `ss` said while all captured, and when, ms since 1970 */
let told: { text: string; at: number };

beforeAll(async () => {
  if (missingForKernel() !== null) return;
  place = new Place(openFolder());
  server = await place.serve();
  const runs = await Promise.all(
    here.map((backend) => {
      const outputs = FORMATS.flatMap((format) => ['-o', `${backend}.${format}`]);
      return place.captures(['--backend', backend, '-f', 'ndjson', '-w', `${backend}.pcap`, ...outputs]);
    }),
  );
  await place.call('server', 'client', 'aborted', 'server');
  await sleep(1500);
  // As late as that, only a last look finds whose it is.
  await place.call('kept');
  told = { text: place.say('ss', '-tanoH'), at: Date.now() };
  await sleep(300);
  const ends = await Promise.all(runs.map((run) => run.end()));
  for (const [i, backend] of here.entries()) ended.set(backend, ends[i]!);
});

afterAll(() => place?.remove());

const ledTo = (report: Report, way: Way): Flow[] => report.flows.filter((flow) => flow.server.port === PORTS[way]);

/** How each of them came to its end. */
const ENDS = {
  server: { kind: 'graceful', initiator: 'server', reset: null, closer: 'active-closer' },
  client: { kind: 'graceful', initiator: 'client', reset: null, closer: 'passive-closer' },
  kept: { kind: 'half-closed', initiator: 'client', reset: null, closer: 'passive-closer' },
  aborted: { kind: 'aborted', initiator: 'client', reset: 'client', closer: 'aborted' },
} as const;

for (const backend of BACKENDS) {
  const itHere = (name: string, test: () => void) =>
    here.includes(backend) ? itKernel(name, test) : missing(`${backend} ${name}`, backend);
  const read = () => reportOf(place.read(`${backend}.json`));

  describe(backend, () => {
    itHere('ends well, and has written all', () => {
      const how = backend === 'cap' ? 'user-space timestamps, drops not known' : 'kernel timestamps';
      const { code, stderr } = ended.get(backend)!;
      expect(code).toBe(0);
      expect(stderr.split('\n')).toEqual([
        `teardown: captures on live0 by ${backend} (${how}); Ctrl-C ends it`,
        `teardown: packets saved in ${backend}.pcap`,
        '',
      ]);
      for (const format of FORMATS) expect(place.read(`${backend}.${format}`).length, format).toBeGreaterThan(300);
    });

    itHere('says how it captured', () => {
      const { capture, totals } = read();
      expect(capture).toMatchObject({
        live: {
          interface: 'live0',
          backend,
          timestamps: backend === 'cap' ? 'user-space' : 'kernel',
          filter: SERVED,
          snaplen: 128,
        },
        dropped: backend === 'cap' ? null : 0,
        damage: [],
        skipped: {},
      });
      expect(totals.flows).toBe(5);
      expect(capture.tcpPackets).toBe(capture.packets);
      expect(capture.packets).toBeGreaterThanOrEqual(5 * 7);
    });

    itHere('tells who closed first, and how each ended', () => {
      const report = read();
      for (const way of Object.keys(ENDS) as Way[]) {
        const flows = ledTo(report, way);
        expect(flows).toHaveLength(way === 'server' ? 2 : 1);
        for (const { kind, initiator, reset, endpoints } of flows) {
          expect({ kind, initiator, reset: reset?.by ?? null, closer: endpoints.server.role }, way).toEqual(ENDS[way]);
        }
      }
    });

    itHere('has states that the kernel confirms', () => {
      const report = read();
      for (const { endpoints } of ledTo(report, 'server')) {
        const { states, timeWait, kernel } = endpoints.server;
        expect(states.slice(-3).map(({ state }) => state)).toEqual(['FIN_WAIT_1', 'FIN_WAIT_2', 'TIME_WAIT']);
        expect(states.at(-1)).toMatchObject({ basis: 'kernel', open: true });
        expect(kernel?.at(-1)).toMatchObject({ state: 'TIME_WAIT', until: timeWait!.until });
        expect(timeWait?.basis).toBe('kernel');
        expect(endpoints.client.kernel).toBeNull(); // another machine's, as far as this one knows
        expect(endpoints.client.states.at(-1)?.state).toBe('CLOSED');
      }
      const [kept] = ledTo(report, 'kept');
      expect(kept?.endpoints.server.states.at(-1)).toMatchObject({ state: 'CLOSE_WAIT', open: true, basis: 'kernel' });
      expect(kept?.endpoints.server.kernel?.at(-1)).toMatchObject({ state: 'CLOSE_WAIT', until: null });
      expect(kept?.endpoints.client.states.at(-1)).toMatchObject({ state: 'FIN_WAIT_2', open: true });
    });

    itHere('has TIME_WAITs that end when ss says so', () => {
      const flows = ledTo(read(), 'server');
      for (const { client, endpoints } of flows) {
        const line = told.text.split('\n').find((each) => each.includes(`:${client.port} `));
        const [, seconds = '', unit] = /timer:\(timewait,([\d.]+)(sec|ms),/.exec(line ?? '') ?? [];
        expect(unit, told.text).toBe('sec');
        const until = told.at + Number(seconds) * 1000;
        expect(Math.abs(Date.parse(endpoints.server.timeWait!.until) - until)).toBeLessThan(NEAR_MS);
      }
      expect(told.text.match(/^TIME-WAIT/gm)).toHaveLength(flows.length);
    });

    itHere('names the process that does not close, and the one that listens', () => {
      const report = read();
      const holder = { side: 'server', pid: server, name: 'td-server' };
      const listener = { ...holder, socket: 'listener', state: 'LISTEN' };
      const kept = { ...holder, socket: 'connection', state: 'CLOSE_WAIT' };
      expect(ledTo(report, 'kept')[0]?.holders).toMatchObject([kept, listener]);
      for (const { holders } of ledTo(report, 'server')) expect(holders).toMatchObject([listener]);
      expect(told.text).toMatch(/^CLOSE-WAIT .*10\.77\.0\.1:8003 /m);
    });

    itHere('gives out each connection as a line of JSON, the same as in the report', () => {
      const lines = ended.get(backend)!.stdout.trim().split('\n');
      const flows = lines.map((line) => JSON.parse(line) as Flow);
      expect(flows.toSorted((a, b) => a.id - b.id)).toEqual(read().flows);
    });

    itHere('gives nothing out of what was sent', () => {
      const { stdout, stderr } = ended.get(backend)!;
      const outputs = FORMATS.map((format) => place.read(`${backend}.${format}`));
      const html = wholeText(place.read(`${backend}.html`));
      const whole = [stdout, stderr, ...outputs, html].join('\n');
      const bytes = Buffer.from(SECRET);
      // It is there to be found: -w saves packets as they are.
      expect(readFileSync(place.path(`${backend}.pcap`)).includes(bytes)).toBe(true);
      for (const trace of [SECRET, bytes.toString('hex'), 'GEHEIM', bytes.toString('base64').slice(0, 12)])
        expect(whole.toLowerCase().includes(trace.toLowerCase()), trace).toBe(false);
    });
  });
}
