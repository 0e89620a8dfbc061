/** `npm run bench:live`: the packets a second that `teardown live` takes without loss, beside `tcpdump -w /dev/null` on the same traffic. */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ensureCapture } from './capture.ts';

/** The repository, as seen from build/bench/live.js. */
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const FLOWS = 100_000;
const [SENDS, CAPTURES] = ['bench0', 'bench1'];
/** USER_HZ, what /proc counts in */
const TICKS_PER_SECOND = 100;
/** ms; a capture that does so little within it has nothing left to do */
const IDLE_AFTER = 500;
const IDLE_TICKS = 2;
/** kernel's buffer, KiB, and bytes of a packet: what live asks for */
const LIKE_LIVE = ['-B', '65536', '-s', '128'];

const USAGE = `npm run bench:live -- [options]       (root, Linux; gcc)

  --backends LIST   tcpdump,dumpcap,cap by default
  --rates LIST      packets a second, 20000,50000,100000,150000,200000,300000,400000 by default
  --seconds N       of each step, 5 by default
  --runs N          of each step; the best one counts, 1 by default
`;

interface Step {
  /** packets a second as they were sent */
  rate: number;
  sent: number;
  /** packets that were sent and are not in its report; those that tcpdump beside did not capture */
  lost: number;
  lostBeside: number;
  /** microseconds of processor time a captured packet: Node.js, the program that captures for it, tcpdump beside */
  node: number;
  program: number;
  beside: number;
}

/** User and system time of a process, ticks; 0 where it is gone. */
function ticksOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const [user, system] = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 13);
    return Number(user) + Number(system);
  } catch {
    return 0;
  }
}

function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim();
  return text === '' ? [] : text.split(' ').map(Number);
}

const ip = (...args: string[]) => execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });

class Lab {
  private readonly name = `tdbench-${process.pid}`;
  private readonly children = new Set<ChildProcess>();

  open(): void {
    ip('netns', 'add', this.name);
    ip('-n', this.name, 'link', 'add', SENDS!, 'type', 'veth', 'peer', 'name', CAPTURES!);
    for (const each of [SENDS!, CAPTURES!]) ip('-n', this.name, 'link', 'set', each, 'up');
    // No packet but ours.
    ip('netns', 'exec', this.name, 'sysctl', '-qw', 'net.ipv6.conf.all.disable_ipv6=1');
  }

  start(...command: string[]) {
    const enter = ['netns', 'exec', this.name, ...command];
    const child = spawn('ip', enter, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.children.add(child);
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (text) => (stdout += String(text)));
    const begun = new Promise<void>((resolve, reject) => {
      child.stderr.on('data', (text) => {
        stderr += String(text);
        if (/listening on|captures on/.test(stderr)) resolve();
      });
      child.on('close', () => reject(new Error(stderr)));
    });
    begun.catch(() => undefined);
    const ended = once(child, 'close').then(() => ({ stdout, stderr }));
    return { child, pid: child.pid!, begun, ended };
  }

  close(): void {
    for (const child of this.children) child.kill('SIGKILL');
    ip('netns', 'del', this.name);
  }
}

/** Until a process has nothing left to do, 20 s at most. */
async function idle(pid: number): Promise<void> {
  for (let tries = 0; tries < 40; tries++) {
    const before = ticksOf(pid);
    await sleep(IDLE_AFTER);
    if (ticksOf(pid) - before <= IDLE_TICKS) return;
  }
}

async function step(
  lab: Lab,
  send: string,
  file: string,
  backend: string,
  rate: number,
  seconds: number,
): Promise<Step> {
  const cli = [process.execPath, join(ROOT, 'dist/cli.js'), 'live', '-i', CAPTURES!, '--backend', backend];
  const live = lab.start(...cli, '--no-sockets', '--user', 'root', '-f', 'json', '--max-flows', '10');
  const beside = lab.start('tcpdump', '-i', CAPTURES!, '-n', ...LIKE_LIVE, '-w', '/dev/null');
  await Promise.all([live.begun, beside.begun]);
  await sleep(300);
  const [program] = childrenOf(live.pid);
  const ticks = () => [live.pid, program ?? 0, beside.pid].map(ticksOf);
  const before = ticks();
  const { sent, seconds: took } = JSON.parse(
    (await lab.start(send, SENDS!, file, String(rate), String(seconds)).ended).stdout,
  );
  // tcpdump beside is handed what is left a second later.
  await Promise.all([idle(live.pid), sleep(1500)]);
  const used = ticks().map((after, i) => (after - before[i]!) / TICKS_PER_SECOND);
  for (const { child } of [live, beside]) child.kill('SIGINT');
  const { packets } = JSON.parse((await live.ended).stdout).capture as { packets: number };
  const besidePackets = Number(/^(\d+) packets? captured/m.exec((await beside.ended).stderr)?.[1]);
  const micros = (cpu: number, of: number) => (cpu * 1e6) / Math.max(1, of);
  return {
    rate: sent / took,
    sent,
    lost: sent - packets,
    lostBeside: sent - besidePackets,
    node: micros(used[0]!, packets),
    program: micros(used[1]!, packets),
    beside: micros(used[2]!, besidePackets),
  };
}

const share = (lost: number, sent: number) => (lost <= 0 ? '0' : `${((100 * lost) / sent).toFixed(2)} %`);

function row(cells: readonly string[]): string {
  return `${cells.map((cell, i) => (i === 0 ? cell.padEnd(9) : cell.padStart(13))).join('')}\n`;
}

async function main(): Promise<void> {
  const options = {
    backends: { type: 'string', default: 'tcpdump,dumpcap,cap' },
    rates: { type: 'string', default: '20000,50000,100000,150000,200000,300000,400000' },
    seconds: { type: 'string', default: '5' },
    runs: { type: 'string', default: '1' },
    help: { type: 'boolean', default: false },
  } as const;
  const { values } = parseArgs({ options });
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  const capture = ensureCapture(join(ROOT, 'bench/data'), 'short-connections', FLOWS, () => undefined);
  const send = join(ROOT, 'build/bench/send');
  execFileSync('gcc', ['-O2', '-Wall', '-o', send, join(ROOT, 'bench/send.c')]);
  const heads = ['', 'packets/s', 'lost', 'of tcpdump', 'node us/p', 'program us/p', 'tcpdump us/p', 'load'];
  process.stdout.write(row(heads));
  const highest: string[] = [];
  for (const backend of values.backends.split(',')) {
    let [best, besideBest] = [0, 0];
    for (const rate of values.rates.split(',').map(Number)) {
      let least: Step | null = null;
      for (let run = 0; run < Number(values.runs); run++) {
        const lab = new Lab();
        try {
          lab.open();
          const one = await step(lab, send, capture.path, backend, rate, Number(values.seconds));
          if (least === null || one.lost < least.lost) least = one;
        } finally {
          lab.close();
        }
      }
      const { rate: had, sent, lost, lostBeside, ...cpu } = least!;
      const micros = [cpu.node, cpu.program, cpu.beside].map((each) => each.toFixed(2));
      const cells = [had.toFixed(0), share(lost, sent), share(lostBeside, sent), ...micros, loadavg()[0]!.toFixed(1)];
      process.stdout.write(row([backend, ...cells]));
      if (lost <= 0) best = Math.max(best, had);
      if (lostBeside <= 0) besideBest = Math.max(besideBest, had);
    }
    const ratio = besideBest === 0 ? '-' : (best / besideBest).toFixed(2);
    highest.push(row([backend, best.toFixed(0), besideBest.toFixed(0), ratio]));
  }
  process.stdout.write(`\nthe highest rate without loss\n${row(['', 'live', 'tcpdump', 'ratio'])}${highest.join('')}`);
}

await main();
