/** A service is stopped and started again: what blocks its port then, and what doesn't. */

import type { Scenario } from '../rig.ts';
import { both } from '../scenarios/parts.ts';
import { type Socket, type Stage, sleep } from '../stage.ts';
import {
  bindNow,
  calls,
  connectedAt,
  now,
  outageOf,
  probed,
  refusedUntil,
  serviceOf,
  sleepUntil,
  started,
  startOf,
} from './parts.ts';

const WIRE = { delay: both(2) };

/** The service's process, the one that takes its place, and one that only tries bind(). */
async function processes(stage: Stage) {
  const [old, next, prober] = await stage.processes('server', 'server', 'server');
  return { old: old!, next: next!, prober: prober! };
}

/** Connections over which a question was answered and that stay open. */
async function opened(stage: Stage, listener: Socket, count: number): Promise<{ c: Socket; s: Socket }[]> {
  const pairs: { c: Socket; s: Socket }[] = [];
  for (let i = 0; i < count; i++) {
    const c = await stage.connect();
    const s = await listener.accept(c);
    await stage.exchange(c, s);
    pairs.push({ c, s });
    await sleep(60);
  }
  return pairs;
}

const clientClosesFirst: Scenario = {
  name: 'client_closes_first_restart',
  description:
    'clients close first, so that TIME_WAIT is theirs: the service is started again at once, without SO_REUSEADDR; the clients go on from other ports',
  port: 8090,
  wire: WIRE,
  async play(stage) {
    const { old, next, prober } = await processes(stage);
    const before = await calls(stage, await stage.listen({ host: old, reuse: false }), 20, 100);
    const service_stopped_at = now();
    await old.kill('SIGTERM');
    const bind_after_stop = await bindNow(stage, prober);
    const listener = await started(stage, { host: next, reuse: false }, 5);
    const own = await stage.tryConnect({ from: Number(before[0]), reuse: false });
    const after = await calls(stage, listener, 10, 100);
    return {
      cause: null,
      cause_text: 'the clients closed first: nothing is left on the port of the service',
      guilty_side: null,
      service: serviceOf(stage),
      so_reuseaddr_old: false,
      so_reuseaddr_new: false,
      service_stopped_at,
      ...startOf(stage),
      blocked_port: null,
      blocked_from: null,
      blocked_until: null,
      bind_after_stop,
      ...outageOf(stage),
      connections_ok_before: before.length,
      connections_ok_after: after.length,
      client_ports_used_again: after.filter((port) => before.includes(port)).length,
      client_bind_to_its_old_port: own,
    };
  },
};

const interrupted: Scenario = {
  name: 'ctrl_c',
  description:
    'Ctrl-C (SIGINT) with open connections: the exit closes them, TIME_WAIT stays at the server, and the service, started again without SO_REUSEADDR, gets EADDRINUSE each second for a minute',
  port: 7500,
  wire: WIRE,
  limit: 120,
  async play(stage) {
    const { old, next, prober } = await processes(stage);
    const listener = await stage.listen({ host: old, reuse: false });
    const open = await opened(stage, listener, 12);
    await sleep(1000);
    const service_stopped_at = now();
    await old.kill('SIGINT');
    await Promise.all(
      open.map(async ({ c }) => {
        await c.receive();
        await c.close();
      }),
    );
    await sleep(200);
    const up = started(stage, { host: next, reuse: false }, 80);
    const [blocked, again] = await Promise.all([probed(stage, prober, false, 80), up, refusedUntil(stage, up, 700)]);
    const after = await calls(stage, again, 5, 200);
    return {
      cause: 'time_wait_blocks_bind',
      cause_text: 'SIGINT ended the process, which closed its open connections first: their TIME_WAIT blocks the port',
      guilty_side: 'server',
      service: serviceOf(stage),
      so_reuseaddr_old: false,
      so_reuseaddr_new: false,
      open_when_stopped: open.length,
      signal: 'SIGINT',
      service_stopped_at,
      bind_retry_s: 1,
      ...startOf(stage),
      ...blocked,
      ...outageOf(stage),
      connections_ok_before: open.length,
      connections_ok_after: after.length + 1,
    };
  },
};

/** How long a customer waits for the answer of a stopped process, seconds. */
const PATIENCE = 10;
const STOPPED = 45;

/** A customer of a stopped process: the kernel answers the handshake, nobody the question */
async function unanswered(stage: Stage): Promise<Socket> {
  const c = await stage.connect();
  await c.send(120);
  await c.receive(400, PATIENCE);
  await c.close();
  return c;
}

const suspended: Scenario = {
  name: 'ctrl_z',
  description:
    'Ctrl-Z (SIGSTOP): the stopped process still listens, clients connect and get no answer; a second instance gets EADDRINUSE though both use SO_REUSEADDR, until the first is killed',
  port: 7600,
  wire: WIRE,
  limit: 120,
  async play(stage) {
    const { old, next, prober } = await processes(stage);
    const listener = await stage.listen({ host: old });
    const before = await calls(stage, listener, 6, 200);
    const idle = await opened(stage, listener, 2);
    await sleep(500);
    const stopped_at = now();
    old.signal('SIGSTOP');
    const customers: Promise<Socket>[] = [];
    const knocking = (async () => {
      while (now() < stopped_at + STOPPED - PATIENCE - 2) {
        customers.push(unanswered(stage));
        await sleep(3000);
      }
      return Promise.all(customers);
    })();
    await sleep(1000);
    const bind_while_stopped = await bindNow(stage, prober);
    const up = started(stage, { host: next }, 80);
    const blocked = probed(stage, prober, true, 80);
    const gaveUp = await knocking;
    await sleepUntil(stopped_at + STOPPED);
    const stop_ended_at = now();
    await old.kill('SIGKILL');
    const bind_after_kill = await bindNow(stage, prober);
    await Promise.all(idle.map(({ c }) => c.close()));
    const again = await up;
    const after = await calls(stage, again, 5, 200);
    const [first] = stage.actions.filter(({ op, t }) => op === 'connect' && t > stop_ended_at);
    return {
      cause: 'server_process_stopped',
      cause_text:
        'server process stopped (SIGSTOP): its kernel still listens, accepts and acknowledges; the port is busy until it is killed',
      guilty_side: 'server',
      service: serviceOf(stage),
      so_reuseaddr_old: true,
      so_reuseaddr_new: true,
      stopped_at,
      stop_ended_by: 'SIGKILL',
      stop_ended_at,
      bind_while_stopped,
      bind_after_kill,
      ...startOf(stage),
      ...(await blocked),
      outage_from: stopped_at,
      outage_until: first!.t,
      accepted_by_kernel_during_stop: gaveUp.length,
      clients_gave_up: gaveUp.length,
      client_patience_s: PATIENCE,
      first_unanswered_connect: connectedAt(stage, gaveUp[0]!),
      idle_when_stopped: idle.length,
      connections_ok_before: before.length,
      connections_ok_after: after.length,
    };
  },
};

const pending: Scenario = {
  name: 'listener_closed_pending',
  description:
    'a listener is closed with connections that nobody has accepted: RSTs, no TIME_WAIT, and the port is free at once',
  port: 8100,
  wire: WIRE,
  async play(stage) {
    const { next, prober } = await processes(stage);
    const listener = await stage.listen({ reuse: false });
    const before = await calls(stage, listener, 3, 100);
    const waiting: Socket[] = [];
    for (let i = 0; i < 8; i++) waiting.push(await stage.connect());
    const withData = waiting.slice(0, 5);
    for (const c of withData) await c.send(120);
    await sleep(500);
    const closed_at = now();
    await listener.close();
    const bind_after_close = await bindNow(stage, prober);
    const errors = await Promise.all(
      waiting.map(async (c) => {
        const { error } = await c.receive();
        await c.close();
        return error;
      }),
    );
    const up = sleep(1500).then(() => started(stage, { host: next, reuse: false }, 5));
    const [again] = await Promise.all([up, refusedUntil(stage, up, 400)]);
    const after = await calls(stage, again, 4, 100);
    return {
      cause: 'listener_closed_with_pending_connections',
      cause_text: 'the listener was closed before it had accepted everybody: its kernel reset those who waited',
      guilty_side: 'server',
      service: serviceOf(stage),
      closed_at,
      pending: waiting.length,
      pending_with_data: withData.length,
      client_errors: [...new Set(errors)],
      blocked_port: null,
      blocked_from: null,
      blocked_until: null,
      bind_after_close,
      ...startOf(stage),
      ...outageOf(stage),
      connections_ok_before: before.length,
      connections_ok_after: after.length + 1,
    };
  },
};

const assassinated: Scenario = {
  name: 'tw_killed_by_rst',
  description:
    'TIME_WAITs at the server are ended by RSTs after five seconds: two stray ones, two that its own answer to old data drew; bind() works then, without SO_REUSEADDR',
  port: 8110,
  wire: WIRE,
  async play(stage) {
    const { old, next, prober } = await processes(stage);
    const open = await opened(stage, await stage.listen({ host: old, reuse: false }), 4);
    for (const { c, s } of open) {
      await s.close();
      await c.receive();
      await c.close();
      await sleep(50);
    }
    await sleep(500);
    const service_stopped_at = now();
    await old.kill('SIGTERM');
    const blocked = probed(stage, prober, false, 20);
    await sleep(5000);
    const killed_at: number[] = [];
    for (const [i, { c }] of open.entries()) {
      killed_at.push(now());
      if (i < 2) await stage.inject(c, 'server', 'R');
      else await stage.replay(c, 'server', 'data');
      await sleep(200);
    }
    const free = await blocked;
    const again = await started(stage, { host: next, reuse: false }, 5);
    const after = await calls(stage, again, 4, 100);
    return {
      cause: 'time_wait_killed_by_rst',
      cause_text: 'RSTs ended TIME_WAIT (RFC 1337): the port was free after five seconds and not after sixty',
      guilty_side: 'network',
      service: serviceOf(stage),
      so_reuseaddr_old: false,
      so_reuseaddr_new: false,
      service_stopped_at,
      time_waits: open.length,
      killed: killed_at.length,
      killed_at,
      stray_resets: 2,
      answers_to_old_data: 2,
      tcp_rfc1337: 0,
      ...startOf(stage),
      ...free,
      ...outageOf(stage),
      connections_ok_after: after.length,
    };
  },
};

export const RESTARTS: readonly Scenario[] = [clientClosesFirst, interrupted, suspended, pending, assassinated];
