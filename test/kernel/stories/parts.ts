/** What the incidents are made of: customers of a service, and operators who start it again. */

import type { Remote } from '../remote.ts';
import { type Action, type ConnectOptions, type ListenOptions, type Socket, type Stage, sleep } from '../stage.ts';

/** Between two tries of an operator to start the service, ms. */
const RETRY = 1000;
/** Between two tries of the probe, ms. */
const PROBE = 50;

export const now = () => Date.now() / 1000;

/** @param t seconds since 1970 */
export const sleepUntil = (t: number) => sleep(Math.max(0, (t - now()) * 1000));

/** "addr:port" of the service. */
export function serviceOf(stage: Stage): string {
  return `${stage.servers[0]}:${stage.port}`;
}

/** A question and its answer; then the client closes and the server after it. @returns the client's port, or the error's name */
export async function call(stage: Stage, listener: Socket, options: ConnectOptions = {}): Promise<number | string> {
  const c = await stage.tryConnect(options);
  if (typeof c === 'string') return c;
  await answer(stage, listener, c);
  return c.port;
}

async function answer(stage: Stage, listener: Socket, c: Socket): Promise<void> {
  const s = await listener.accept(c);
  await stage.exchange(c, s);
  await c.close();
  await s.receive();
  await s.close();
}

/** Several calls, one after the other. */
export async function calls(
  stage: Stage,
  listener: Socket,
  count: number,
  pause: number,
): Promise<(number | string)[]> {
  const ports: (number | string)[] = [];
  for (let i = 0; i < count; i++) {
    ports.push(await call(stage, listener));
    await sleep(pause);
  }
  return ports;
}

/** Tries each second until the service is up. */
export async function started(stage: Stage, options: ListenOptions, seconds: number): Promise<Socket> {
  const until = now() + seconds;
  while (now() < until) {
    const listener = await stage.tryListen(options);
    if (typeof listener !== 'string') return listener;
    await sleep(RETRY);
  }
  throw new Error(`the service did not start within ${seconds} s`);
}

/** Customers who call every `pause` ms while nobody listens; they are done when one was answered by the listener that comes. */
export async function refusedUntil(stage: Stage, listener: Promise<Socket>, pause: number): Promise<void> {
  let c = await stage.tryConnect();
  while (typeof c === 'string') {
    await sleep(pause);
    c = await stage.tryConnect();
  }
  await answer(stage, await listener, c);
}

export interface Blocked {
  blocked_port: string | null;
  blocked_from: number | null;
  blocked_until: number | null;
  blocked_until_source: string;
}

/** From when until when bind() with the new process's option fails, asked of a process that does nothing else. */
export async function probed(stage: Stage, prober: Remote, reuse: boolean, seconds: number): Promise<Blocked> {
  const request = { op: 'probe', address: stage.servers[0], port: stage.port, reuse, ms: PROBE, timeout: seconds };
  const { free, failed } = await stage.act('server', prober, request);
  const first = (failed as number[])[0] ?? null;
  return {
    blocked_port: first === null ? null : serviceOf(stage),
    blocked_from: first,
    blocked_until: first === null ? null : Number(free),
    blocked_until_source: `bind probe (${reuse ? 'SO_REUSEADDR' : 'no option'}, every ${PROBE / 1000} s)`,
  };
}

/** Whether bind() works now, with and without SO_REUSEADDR. */
export async function bindNow(stage: Stage, prober: Remote): Promise<{ neither: string; reuse: string }> {
  const result = async (reuse: boolean) => {
    const request = { op: 'probe', address: stage.servers[0], port: stage.port, reuse, ms: 1, timeout: 0.01 };
    const { free } = await stage.act('server', prober, request);
    return free === undefined ? 'EADDRINUSE' : 'ok';
  };
  return { neither: await result(false), reuse: await result(true) };
}

export interface Outage {
  refused_connects: number;
  outage_from: number | null;
  outage_until: number | null;
}

/** From the first refused connect() until the first one after it that was not. */
export function outageOf({ actions }: Stage): Outage {
  const connects = actions.filter(({ op }) => op === 'connect').sort((a, b) => a.t - b.t);
  const refused = connects.filter(({ error }) => error === 'ECONNREFUSED');
  const from = refused[0]?.t ?? null;
  const last = refused.at(-1)?.t ?? Number.POSITIVE_INFINITY;
  const until = connects.find(({ t, error }) => t > last && error === undefined)?.t ?? null;
  return { refused_connects: refused.length, outage_from: from, outage_until: until };
}

/** What the new process met when it wanted to listen. */
export function startOf({ actions }: Stage): {
  bind_failures: number;
  bind_error: string | null;
  service_up_at: number;
} {
  const listens = actions.filter(({ op }) => op === 'listen');
  const failed = listens.filter(({ error }) => error !== undefined);
  return {
    bind_failures: failed.length,
    bind_error: failed[0]?.error ?? null,
    service_up_at: listens.filter(({ error }) => error === undefined).at(-1)!.t,
  };
}

/** When a client's socket called connect(). */
export function connectedAt({ actions }: Stage, { local }: Socket): number {
  return actions.findLast((action: Action) => action.op === 'connect' && action['local'] === local)!.t;
}
