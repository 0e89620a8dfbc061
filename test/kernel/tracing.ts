/** The kernel's tracepoints, in an instance of their own: what states its sockets enter, its TIME_WAIT timers, its resets. */

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Remote } from './remote.ts';

const PLACE = '/sys/kernel/tracing';
const NAME = 'teardown-rig-';
const EVENTS = [
  'sock/inet_sock_set_state',
  'tcp/tcp_send_reset',
  'tcp/tcp_receive_reset',
  'tcp/tcp_retransmit_skb',
  'timer/timer_start',
  'timer/timer_cancel',
  'timer/timer_expire_entry',
];

export interface TraceEvent {
  /** seconds since 1970 */
  t: number;
  cpu: number;
  name: string;
  fields: Record<string, string>;
}

export class Tracing {
  private readonly mount: Remote | null;
  private readonly folder: string;

  private constructor(mount: Remote | null, folder: string) {
    this.mount = mount;
    this.folder = folder;
  }

  /** @returns null where tracepoints can't be read, with the reason handed to `why` */
  static async start(why: (reason: string) => void): Promise<Tracing | null> {
    const mount = existsSync(join(PLACE, 'trace')) ? null : await mounted();
    const root = mount === null ? PLACE : `/proc/${mount.pid}/root${PLACE}`;
    const tracing = new Tracing(mount, join(root, 'instances', NAME + process.pid));
    try {
      removeStale(join(root, 'instances'));
      mkdirSync(tracing.folder);
      tracing.write('trace_clock', 'tai');
      tracing.write('buffer_size_kb', '16384');
      tracing.write('events/timer/timer_start/filter', 'function.function == tw_timer_handler');
      for (const event of EVENTS) tracing.write(`events/${event}/enable`, '1');
      return tracing;
    } catch (error) {
      why(String(error));
      await tracing.end();
      return null;
    }
  }

  /** Everything since the start. */
  read(): TraceEvent[] {
    for (const cpu of readdirSync(join(this.folder, 'per_cpu'))) {
      const overrun = /^overrun: (\d+)$/m.exec(readFileSync(join(this.folder, 'per_cpu', cpu, 'stats'), 'utf8'));
      if (overrun?.[1] !== '0') throw new Error(`the trace buffer of ${cpu} was too small`);
    }
    const ahead = taiOffset();
    const events: TraceEvent[] = [];
    for (const line of readFileSync(join(this.folder, 'trace'), 'utf8').split('\n')) {
      const event = parseLine(line);
      if (event !== null) events.push({ ...event, t: event.t - ahead });
    }
    return events;
  }

  async end(): Promise<void> {
    try {
      for (const event of EVENTS) this.write(`events/${event}/enable`, '0');
      rmdirSync(this.folder);
    } catch {
      // It was never made.
    }
    await this.mount?.end('SIGKILL');
  }

  private write(file: string, text: string): void {
    writeFileSync(join(this.folder, file), text);
  }
}

/** tracefs in a mount namespace of its own, so that nothing stays mounted. */
async function mounted(): Promise<Remote> {
  const script = `mount -t tracefs none ${PLACE} || true; echo ready >&2; exec cat`;
  const mount = new Remote(['unshare', '--mount', 'sh', '-c', script]);
  await mount.says('ready');
  return mount;
}

/** Instances that a run left which was killed. */
function removeStale(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (name.startsWith(NAME) && !existsSync(`/proc/${name.slice(NAME.length)}`)) rmdirSync(join(folder, name));
  }
}

/** Seconds by which the clock TAI is ahead of that of the captures: whole ones, 0 where nobody has set it. */
function taiOffset(): number {
  const script = 'import time; print(round(time.clock_gettime(time.CLOCK_TAI) - time.time()))';
  return Number(execFileSync('python3', ['-c', script], { encoding: 'utf8' }));
}

const LINE = /^.{16}-\d+ +\[(\d+)\] \S+ +(\d+\.\d+): (\w+): (.*)$/;

function parseLine(line: string): TraceEvent | null {
  const match = LINE.exec(line);
  if (match === null) return null;
  const [, cpu, t, name = '', rest = ''] = match;
  const fields: Record<string, string> = {};
  for (const [, key = '', value = ''] of rest.matchAll(/(\w+)=(\S+)/g)) fields[key] = value.replace(/\]$/, '');
  return { t: Number(t), cpu: Number(cpu), name, fields };
}
