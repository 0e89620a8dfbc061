/** Ends that fall silent: no port is left, an application forgets its sockets, a host is gone. */

import type { Scenario } from '../rig.ts';
import { both } from '../scenarios/parts.ts';
import { type Socket, sleep } from '../stage.ts';
import { call, calls, now, serviceOf } from './parts.ts';

const WIRE = { delay: both(2) };
/** The ports that rresvport() tries. */
const PRIVILEGED: [number, number] = [1023, 512];

const privileged: Scenario = {
  name: 'privileged_ports',
  description:
    'rsh: a client that has to use the ports below 1024, from 1023 down to 512, and closes first: after 512 connections there is none until the first TIME_WAIT ends',
  port: 514,
  wire: { delay: both(1) },
  limit: 120,
  async play(stage) {
    const listener = await stage.listen();
    const ports: number[] = [];
    const attempt = () => call(stage, listener, { fromDownTo: PRIVILEGED, reuse: false });
    let result = await attempt();
    while (typeof result !== 'string') {
      ports.push(result);
      result = await attempt();
    }
    const outage_from = stage.actions.findLast(({ op }) => op === 'connect')!.t;
    const error = result;
    let failed = 1;
    for (; typeof result === 'string'; failed++) {
      await sleep(1000);
      result = await attempt();
    }
    const outage_until = stage.actions.findLast(({ op }) => op === 'connect')!.t;
    const after: (number | string)[] = [result];
    for (let i = 0; i < 10; i++) {
      await sleep(300);
      after.push(await attempt());
    }
    return {
      cause: 'privileged_ports_exhausted',
      cause_text: "the ports below 1024 ran out: every one is in the client's TIME_WAIT (client closes first)",
      guilty_side: 'client',
      service: serviceOf(stage),
      range: [PRIVILEGED[1], PRIVILEGED[0]],
      ports: new Set(ports).size,
      bind_error: 'EADDRINUSE',
      connect_error: [error],
      failed_connects: failed - 1,
      connections_before_outage: ports.length,
      connections_ok_after: after.filter((port) => typeof port === 'number').length,
      outage_from,
      outage_until,
    };
  },
};

const LEAKED = 6;
const owned: Scenario = {
  name: 'fin_wait_2_owned',
  description:
    'clients shut down their way and keep the descriptor, the server forgets its sockets: FIN_WAIT_2 with an owner has no timer, both ends stay for as long as anybody looks',
  port: 8120,
  wire: WIRE,
  limit: 150,
  async play(stage) {
    const listener = await stage.listen();
    const pairs: { c: Socket; s: Socket }[] = [];
    const half_closed_at: number[] = [];
    await calls(stage, listener, 2, 100);
    for (let i = 0; i < LEAKED; i++) {
      const c = await stage.connect();
      const s = await listener.accept(c);
      await stage.exchange(c, s);
      half_closed_at.push((await c.shutdown()).t);
      await s.receive();
      pairs.push({ c, s });
      await sleep(300);
    }
    const healthy = calls(stage, listener, 11, 10_000);
    await sleep(85_000);
    const late_data_at: number[] = [];
    for (const { c, s } of pairs.slice(0, 2)) {
      late_data_at.push((await s.send(200)).t);
      await c.receive(200);
    }
    await healthy;
    return {
      cause: 'close_wait_leak_fin_wait_2_owned',
      cause_text:
        'server application never closes sockets whose clients shut down their way (CLOSE_WAIT leak); FIN_WAIT_2 has an owner and no timer',
      guilty_side: 'server',
      service: serviceOf(stage),
      leaked: LEAKED,
      leaked_conns: pairs.map((_, i) => i + 2),
      healthy: 13,
      half_closed_at,
      late_data_at,
      killed_at: null,
      tcp_fin_timeout_client: 50,
      fin_wait_2_has_owner: true,
      observed_s: now() - half_closed_at[0]!,
    };
  },
};

/** The server's settings: retransmissions end after some 25 s. */
const RETRIES = 6;

const hostDies: Scenario = {
  name: 'host_dies',
  description:
    "the clients' host loses power: the server sends into the void until its retransmissions are spent, keepalive ends idle connections by RST, idle ones without it stay; the host comes back and answers what it does not know by RST",
  port: 8130,
  wire: WIRE,
  sysctls: { server: { 'ipv4/tcp_retries2': RETRIES } },
  limit: 90,
  async play(stage) {
    const [host] = await stage.processes('client');
    const listener = await stage.listen();
    const connection = async () => {
      const c = await stage.connect({}, host);
      const s = await listener.accept(c);
      await stage.exchange(c, s);
      // The power is gone for this process: no FIN leaves, and nothing of it is there when the host is back.
      await c.do('options', { options: { SO_LINGER: 0 } });
      return s;
    };
    const several = async (count: number) => {
      const sockets: Socket[] = [];
      for (let i = 0; i < count; i++) sockets.push(await connection());
      return sockets;
    };
    const streams = await several(3);
    const probed = await several(3);
    const late = await several(2);
    const idle = await several(2);
    const keepalive = { SO_KEEPALIVE: 1, TCP_KEEPIDLE: 2, TCP_KEEPINTVL: 1, TCP_KEEPCNT: 3 };
    for (const s of probed) await s.do('options', { options: keepalive });
    for (let i = 0; i < 4; i++) {
      for (const s of streams) await s.send(300);
      await sleep(250);
    }
    const died_at = now();
    stage.plug('client', 'out');
    await host!.kill('SIGKILL');
    await sleep(50);
    for (const s of streams) await s.send(300);
    const ends = Promise.all([...streams, ...probed].map((s) => endOf(s)));
    await sleep(28_000);
    for (const s of late) await s.send(300);
    await sleep(2000);
    const back_at = now();
    stage.plug('client', 'in');
    const lateEnds = await Promise.all(late.map((s) => endOf(s)));
    const ended = await ends;
    const after = await calls(stage, listener, 5, 300);
    return {
      cause: 'remote_host_died',
      cause_text:
        "the clients' host died: nobody closed, so nothing is in TIME_WAIT; the server learns of it by timers alone",
      guilty_side: 'client',
      service: serviceOf(stage),
      died_at,
      back_at,
      tcp_retries2_server: RETRIES,
      gave_up_silently: streams.length,
      gave_up_at: ended.slice(0, streams.length),
      reset_by_keepalive: probed.length,
      keepalive_ended_at: ended.slice(streams.length),
      keepalive_s: [keepalive.TCP_KEEPIDLE, keepalive.TCP_KEEPINTVL, keepalive.TCP_KEEPCNT],
      reset_when_back: late.length,
      reset_at: lateEnds,
      idle_for_ever: idle.length,
      // The process was killed while the plug was out: they are in the kernel's record and on no wire.
      resets_lost_with_the_host: streams.length + probed.length + late.length + idle.length,
      blocked_port: null,
      blocked_from: null,
      blocked_until: null,
      connections_ok_after: after.length,
    };
  },
};

/** How and when a socket's owner learns of its end. */
async function endOf(socket: Socket): Promise<{ error: string; t: number }> {
  const { error = 'none' } = await socket.receive();
  const t = now();
  await socket.close();
  return { error, t };
}

export const SILENCE: readonly Scenario[] = [privileged, owned, hostDies];
