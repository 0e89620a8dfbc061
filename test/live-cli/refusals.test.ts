/** What a user is told who asks for what can't be, in full. */
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { findProgram } from '../../src/live/programs.ts';
import { expectError, temporaryFolder } from '../cli/run.ts';
import { AS_NOBODY, hidden } from '../live/lab.ts';
import { itKernel, missingForKernel } from '../support/kernel.ts';
import { installed, type LiveHow, openFolder, Place, until } from './rig.ts';

let place: Place;
/** an installation without what is optional */
const bare = temporaryFolder();

beforeAll(() => {
  if (missingForKernel() === null) place = new Place(openFolder());
});

afterAll(() => place?.remove());

/** It ends with this error alone, and has written nothing. */
async function expectRefused(args: string[], lines: string[], how?: LiveHow): Promise<void> {
  const before = place.files();
  const result = await place.live(args, how).ended;
  expect({ ...result, stderr: result.stderr.split('\n') }).toEqual({
    code: 2,
    signal: null,
    stdout: '',
    stderr: [...lines, ''],
  });
  expectError(result);
  expect(place.files()).toEqual(before);
}

const HERE = ['-i', 'live0'];
const METRICS = 'as in: --metrics 9464, --metrics 127.0.0.1:9464, --metrics [::1]:9464, --metrics 0.0.0.0:9464';
const PIPED = 'sudo tcpdump -i live0 -w - | teardown -';

/** What is asked, and what is said. */
const WRONG: Record<string, [args: string[], lines: string[]]> = {
  'no interface': [
    ['tcp'],
    ['teardown: no interface named', '  teardown live -i eth0; teardown interfaces lists them'],
  ],
  'an interface that is not there': [
    ['-i', 'nope7', '-o', 'a.json'],
    [
      "teardown: can't capture on nope7: there is no such interface; there are lo, live0",
      '  teardown interfaces lists them',
    ],
  ],
  'a filter that is none': [
    [...HERE, '-o', 'a.json', '-w', 'a.pcap', 'tcp', 'prot', '80'],
    [
      "teardown: can't capture on live0: wrong filter 'tcp prot 80': syntax error",
      "  as in: 'tcp port 443 and host 10.0.0.1' (man 7 pcap-filter)",
    ],
  ],
  '-w with --redact': [
    [...HERE, '-w', 'a.pcap', '--redact'],
    ['teardown: -w saves packets as they are, and --redact hides who they are of', '  leave one of both out'],
  ],
  'rotation of nothing': [
    [...HERE, '--rotate-size', '1M'],
    ['teardown: there is nothing to rotate', '  name a file for the packets: -w web.pcap'],
  ],
  '--rotate-keep alone': [
    [...HERE, '-w', 'a.pcap', '--rotate-keep', '2'],
    ['teardown: --rotate-keep needs to know when files change', '  add --rotate-size or --rotate-every'],
  ],
  '-w of a compressed file': [
    [...HERE, '-w', 'a.pcap.gz'],
    ['teardown: packets are saved as they come, not compressed', '  name a .pcap, and compress it afterwards'],
  ],
  '-w into no folder': [
    [...HERE, '-w', 'absent/a.pcap', '--user', 'root'],
    ["teardown: can't write absent/a.pcap: the folder absent does not exist", '  Create it first: mkdir -p absent'],
  ],
  '--every without -o': [
    [...HERE, '--every', '10m'],
    ['teardown: --every has nothing to write', "  name a file: -o 'report-%Y%m%dT%H%M%S.html'"],
  ],
  '--every with a report on standard output': [
    [...HERE, '--every', '10m', '-o', 'a.json', '-f', 'json'],
    ['teardown: --every writes files, and -f json is one report', '  leave -f out, or use -f ndjson'],
  ],
  'an output of no format': [
    [...HERE, '-o', 'a.docx'],
    ["teardown: can't tell the format of a.docx: .docx is no format", '  use .html, .txt, .json, .ndjson, .csv or .md'],
  ],
  'no address for --metrics': [
    [...HERE, '--metrics', '127.0.0.1'],
    ['teardown: --metrics: 127.0.0.1 is no address to listen on', `  ${METRICS}`],
  ],
  'a user who is not there': [
    [...HERE, '--user', 'no-such-user'],
    ["teardown: can't become user no-such-user: there is no such user", '  --user root stays root'],
  ],
  'a time that is none': [
    [...HERE, '--duration', '10x'],
    [
      "teardown: option '--duration <time>' argument '10x' is invalid. seconds, or a time such as 90s, 10m or 1h, 23 days at most.",
      '  teardown live --help',
    ],
  ],
};

describe('what is refused', () => {
  for (const [what, [args, lines]] of Object.entries(WRONG)) itKernel(what, () => expectRefused(args, lines));

  itKernel('a port for --metrics that somebody has', async () => {
    const other = place.live([...HERE, '--metrics', '9464']);
    await until(() => other.stderr.includes('metrics at http://127.0.0.1:9464/metrics'), 'it serves');
    const lines = [
      "teardown: can't serve metrics on 127.0.0.1:9464: the port is in use",
      '  teardown port 127.0.0.1:9464 tells who has it; or name another',
    ];
    await expectRefused([...HERE, '--metrics', '9464', '-o', 'a.json', '-w', 'a.pcap'], lines);
    expect((await other.end()).code).toBe(0);
  });
});

describe('where nothing can capture', () => {
  itKernel('since no program is installed', async () => {
    const lines = [
      "teardown: can't capture on live0: none of tcpdump, dumpcap (of Wireshark) and the npm package cap is installed",
      `  install tcpdump, or from elsewhere: ${PIPED}`,
    ];
    const how = { cli: installed(bare), as: hidden('tcpdump', 'dumpcap') };
    await expectRefused([...HERE, '-o', 'a.json'], lines, how);
  });

  itKernel('since nobody gave us the right', async () => {
    const lines = [
      "teardown: can't capture on live0: tcpdump lacks the right to capture",
      `  sudo setcap cap_net_raw+ep ${findProgram('tcpdump')!.path}, or: ${PIPED}`,
    ];
    await expectRefused([...HERE, '-o', 'a.json'], lines, { as: AS_NOBODY });
  });
});
