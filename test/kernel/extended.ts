/** The scenarios on request: other distances, other settings, and what takes its time. */

import { closeAtOnce, closeOneByOne } from './closes.ts';
import { crowd } from './random.ts';
import type { Scenario } from './rig.ts';
import { type Socket, type Stage, sleep, type Wire } from './stage.ts';

const both = (ms: number): [number, number] => [ms, ms];
const drop = (
  to: 'client' | 'server',
  match: 'syn' | 'fin' | 'rst' | 'data' | 'ack' | 'ack-of-fin' | 'any',
  nth?: number[],
) => ({ to, match, act: 'drop', ...(nth === undefined ? {} : { nth }) }) as const;

/** Each way to close, once, over a wire. */
function everyClose(name: string, wire: Wire, family: 4 | 6): Scenario {
  return {
    name,
    description: `every way to close over IPv${family}`,
    wire,
    async play(stage) {
      const listener = await stage.listen({ family });
      const fresh = async () => {
        const c = await stage.connect({ family });
        const s = await listener.accept(c);
        await stage.exchange(c, s);
        return { c, s };
      };
      const closes: ((pair: { c: Socket; s: Socket }) => Promise<unknown>)[] = [
        ({ c, s }) => closeOneByOne(c, s, 100),
        ({ c, s }) => closeOneByOne(s, c, 100),
        ({ c, s }) => closeAtOnce(c, s),
        ({ c, s }) => closeAtOnce(s, c),
        ({ c, s }) => Promise.all([c.close(), s.close()]),
        ({ c }) => c.reset(),
        ({ s }) => s.reset(),
        async ({ c, s }) => {
          await c.send(300);
          await closeAtOnce(c, s);
        },
        async ({ c, s }) => {
          await s.shutdown();
          await sleep(50);
          await c.send(5000);
          await c.close();
          await s.receive();
          await s.close();
        },
        async ({ c, s }) => {
          await Promise.all([c.send(100), s.send(100)]);
          await Promise.all([c.close(), s.close()]);
        },
        async ({ c, s }) => {
          await Promise.all([s.reset(), c.close()]);
        },
      ];
      await Promise.all(closes.map(async (close) => close(await fresh())));
      await sleep(1000);
    },
  };
}

const WIRES: [string, Wire][] = [
  ['0', {}],
  ['5', { delay: both(5) }],
  ['100', { delay: both(100) }],
  ['10_70', { delay: [10, 70] }],
  ['70_10', { delay: [70, 10] }],
];

const NO_TIMESTAMPS = { client: { 'ipv4/tcp_timestamps': 0 }, server: { 'ipv4/tcp_timestamps': 0 } };
const NO_SACK = {
  client: { 'ipv4/tcp_timestamps': 0, 'ipv4/tcp_sack': 0 },
  server: { 'ipv4/tcp_timestamps': 0, 'ipv4/tcp_sack': 0 },
};

/** One connection over a wire and what happens to it. */
function one(
  name: string,
  description: string,
  act: (ends: { c: Socket; s: Socket; listener: Socket; stage: Stage }) => Promise<unknown>,
  more: Partial<Scenario> & { family?: 4 | 6 } = {},
): Scenario {
  const { family = 4, ...rest } = more;
  return {
    name,
    description,
    async play(stage) {
      await act({ ...(await stage.connection({ family })), stage });
    },
    ...rest,
  };
}

const INJECTIONS: Scenario[] = [
  one(
    'forged_reset',
    'an exact RST in the name of the server',
    async ({ c, stage }) => {
      await stage.inject(c, 'client', 'R');
      await sleep(100);
      await c.close();
    },
    { wire: { delay: both(5) } },
  ),
  one(
    'forged_reset_in_window',
    'an RST within the window, which is challenged; then an ordinary close',
    async ({ c, s, stage }) => {
      await stage.inject(c, 'client', 'R', { offset: 500 });
      await sleep(100);
      await closeOneByOne(c, s, 50);
    },
    { wire: { delay: both(5) } },
  ),
  one(
    'forged_reset_both',
    'a middlebox resets both ends',
    async ({ c, s, stage }) => {
      await Promise.all([stage.inject(c, 'client', 'RA', { ttl: 61 }), stage.inject(c, 'server', 'RA', { ttl: 61 })]);
      await sleep(100);
      await Promise.all([c.close(), s.close()]);
    },
    { wire: { delay: both(5) } },
  ),
  one(
    'forged_syn',
    'a SYN into an established connection is challenged; then an ordinary close',
    async ({ c, s, stage }) => {
      await stage.inject(c, 'server', 'S', { offset: 1000 });
      await sleep(100);
      await closeOneByOne(c, s, 50);
    },
  ),
  one('forged_fin', 'a forged FIN: its owner knows nothing of it', async ({ c, s, stage }) => {
    await stage.inject(c, 'server', 'FA');
    await s.receive();
    await s.close();
    await sleep(200);
    await c.close();
  }),
  one('time_wait_killed', 'an exact RST into TIME_WAIT', async ({ c, s, stage }) => {
    await closeOneByOne(c, s, 20);
    await sleep(1000);
    await stage.inject(c, 'client', 'R');
    await sleep(200);
  }),
  one('time_wait_not_killed', 'an RST one byte off into TIME_WAIT', async ({ c, s, stage }) => {
    await closeOneByOne(c, s, 20);
    await sleep(1000);
    await stage.inject(c, 'client', 'R', { offset: 1 });
    await sleep(200);
  }),
  one(
    'assassination',
    'an old FIN comes again: the ACK of TIME_WAIT draws an RST, which kills it',
    async ({ c, s, stage }) => {
      await closeOneByOne(c, s, 20);
      await sleep(1000);
      await stage.replay(c, 'client', 'fin');
      await sleep(300);
    },
  ),
  one('restarted_by_old_fin', 'the same where the RST is lost: TIME_WAIT begins anew', async ({ c, s, stage }) => {
    await closeOneByOne(c, s, 20);
    await sleep(5000);
    await stage.rules([drop('client', 'rst')]);
    await stage.replay(c, 'client', 'fin');
    await sleep(300);
  }),
  one('old_data_in_time_wait', 'old data in TIME_WAIT', async ({ c, s, stage }) => {
    await closeOneByOne(c, s, 20);
    await sleep(1000);
    await stage.replay(c, 'client', 'data');
    await sleep(300);
  }),
];

const LOSSES: Scenario[] = [
  one('fin_twice', 'the FIN is doubled on its way', ({ c, s }) => closeOneByOne(c, s, 50), {
    wire: { delay: both(10), rules: [{ to: 'server', match: 'fin', nth: [1], act: 'twice' }] },
  }),
  one(
    'fin_held',
    'the FIN is held for 400 ms and overtaken by its retransmission',
    async ({ c, s }) => {
      await closeOneByOne(c, s, 50);
      await sleep(1000);
    },
    { wire: { delay: both(10), rules: [{ to: 'server', match: 'fin', nth: [1], act: 'hold', ms: 400 }] } },
  ),
  one(
    'data_overtaken_by_fin',
    'the last data comes after the FIN',
    async ({ c, s }) => {
      await c.send(100);
      await closeOneByOne(c, s, 50);
      await sleep(500);
    },
    { wire: { delay: both(10), rules: [{ to: 'server', match: 'data', nth: [2], act: 'hold', ms: 60 }] } },
  ),
  one(
    'data_lost_before_fin',
    'the last data is lost, the FIN arrives',
    async ({ c, s }) => {
      await c.send(100);
      await closeOneByOne(c, s, 50);
      await sleep(1000);
    },
    { wire: { delay: both(10), rules: [drop('server', 'data', [2])] } },
  ),
  one(
    'ack_of_fin_lost',
    'the acknowledgement of the first FIN is lost',
    async ({ c, s }) => {
      await closeOneByOne(c, s, 1000);
      await sleep(500);
    },
    { wire: { delay: both(20), rules: [drop('client', 'ack-of-fin', [1])] } },
  ),
  one(
    'ack_of_fin_late',
    'the acknowledgement of the first FIN comes after the second FIN',
    async ({ c, s }) => {
      await closeOneByOne(c, s, 60);
      await sleep(500);
    },
    { wire: { delay: both(20), rules: [{ to: 'client', match: 'ack-of-fin', nth: [1], act: 'hold', ms: 150 }] } },
  ),
  one(
    'two_fins_lost',
    'the first FIN is lost twice',
    async ({ c, s }) => {
      await closeOneByOne(c, s, 50);
      await sleep(500);
    },
    { wire: { delay: both(10), rules: [drop('server', 'fin', [1, 2])] } },
  ),
  one(
    'second_fin_lost',
    "the server's FIN is lost once",
    async ({ c, s }) => {
      await closeOneByOne(c, s, 50);
      await sleep(1000);
    },
    { wire: { delay: both(20), rules: [drop('client', 'fin', [1])] } },
  ),
  one(
    'both_fins_lost',
    'both close at once and both FINs are lost',
    async ({ c, s }) => {
      await Promise.all([c.close(), s.close()]);
      await sleep(1500);
    },
    { wire: { delay: both(20), rules: [drop('client', 'fin', [1]), drop('server', 'fin', [1])] } },
  ),
  one(
    'one_of_crossing_fins_lost',
    "both close at once and the client's FIN is lost",
    async ({ c, s }) => {
      await Promise.all([c.close(), s.close()]);
      await sleep(1500);
    },
    { wire: { delay: both(20), rules: [drop('server', 'fin', [1])] } },
  ),
  one(
    'acks_of_crossing_fins_lost',
    'both close at once and both acknowledgements are lost',
    async ({ c, s }) => {
      await Promise.all([c.close(), s.close()]);
      await sleep(1500);
    },
    { wire: { delay: both(20), rules: [drop('client', 'ack-of-fin', [1]), drop('server', 'ack-of-fin', [1])] } },
  ),
  one(
    'reset_lost',
    'the RST is lost; the server learns by the next',
    async ({ c, s }) => {
      await c.reset();
      await sleep(200);
      await s.send(100);
      await sleep(200);
      await s.close();
    },
    { wire: { delay: both(10), rules: [drop('server', 'rst', [1])] } },
  ),
  one(
    'final_acks_lost',
    'two final acknowledgements are lost',
    async ({ c, s }) => {
      await closeOneByOne(c, s, 50);
      await sleep(2500);
    },
    { wire: { delay: both(10), rules: [drop('server', 'ack-of-fin', [1, 2])] } },
  ),
  {
    name: 'fin_completes_handshake',
    description: 'the ACK of the handshake is lost, and the FIN completes it',
    wire: { delay: both(10), rules: [drop('server', 'ack', [1])] },
    async play(stage) {
      const listener = await stage.listen();
      const c = await stage.connect();
      await c.close();
      const s = await listener.accept(c);
      await s.receive();
      await s.close();
    },
  },
  {
    name: 'reset_in_syn_received',
    description: 'the ACK of the handshake is lost, and the client resets',
    wire: { delay: both(10), rules: [drop('server', 'ack', [1])] },
    async play(stage) {
      await stage.listen();
      const c = await stage.connect();
      await c.reset();
    },
  },
  {
    name: 'refused_after_lost_syn',
    description: 'the first SYN is lost, the second refused',
    wire: { delay: both(10), rules: [drop('server', 'syn', [1])] },
    async play(stage) {
      await stage.tryConnect();
    },
  },
];

const OWNERS: Scenario[] = [
  {
    name: 'owner_killed',
    description: "kill -9 of the server's process",
    async play(stage) {
      const host = stage.process('server');
      const listener = await stage.listen({ host });
      const c = await stage.connect();
      const s = await listener.accept(c);
      await stage.exchange(c, s);
      host.signal('SIGKILL');
      await c.receive();
      await sleep(300);
      await c.close();
    },
  },
  {
    name: 'owner_killed_with_unread',
    description: "kill -9 of the server's process, which had data to read",
    async play(stage) {
      const host = stage.process('server');
      const listener = await stage.listen({ host });
      const c = await stage.connect();
      const s = await listener.accept(c);
      await stage.exchange(c, s);
      await c.send(100);
      await sleep(50);
      host.signal('SIGKILL');
      await sleep(200);
      await c.close();
    },
  },
  {
    name: 'owner_stopped',
    description: 'the server is stopped; the client sends, closes, and after two seconds the server is killed',
    async play(stage) {
      const host = stage.process('server');
      const listener = await stage.listen({ host });
      const c = await stage.connect();
      const s = await listener.accept(c);
      await stage.exchange(c, s);
      host.signal('SIGSTOP');
      await c.send(100);
      await c.close();
      await sleep(2000);
      host.signal('SIGKILL');
      await sleep(200);
    },
  },
  one('keepalive', 'the server is gone: keepalive gives up', async ({ c, stage }) => {
    await c.do('options', { options: { SO_KEEPALIVE: 1, TCP_KEEPIDLE: 1, TCP_KEEPINTVL: 1, TCP_KEEPCNT: 3 } });
    await stage.rules([drop('client', 'any')]);
    await sleep(6000);
    await c.close();
  }),
  one('urgent', 'urgent data before the FIN', async ({ c, s }) => {
    await c.do('send_urgent', { bytes: 3 });
    await c.close();
    await s.receive();
    await sleep(50);
    await s.close();
  }),
  one(
    'linger2',
    'TCP_LINGER2 < 0: no FIN_WAIT_2, an RST on the ACK of the FIN',
    async ({ c, s }) => {
      await c.do('options', { options: { TCP_LINGER2: -1 } });
      await c.close();
      await s.receive();
      await sleep(100);
      await s.close();
    },
    { wire: { delay: both(5) } },
  ),
  one(
    'both_send_and_close',
    'both send and close at once: data meets closed sockets',
    async ({ c, s }) => {
      await Promise.all([c.send(100), s.send(100)]);
      await Promise.all([c.close(), s.close()]);
    },
    { wire: { delay: both(50) } },
  ),
  {
    name: 'zero_window',
    description: 'the server does not read: the window closes, the client closes, the FIN waits behind its data',
    async play(stage) {
      const listener = await stage.listen({ options: { SO_RCVBUF: 4096 } });
      const c = await stage.connect();
      const s = await listener.accept(c);
      await c.do('send_some', { bytes: 100_000 });
      await c.close();
      await sleep(2000);
      await s.receive();
      await s.close();
      await sleep(1000);
    },
  },
  {
    name: 'zero_window_reset',
    description: 'the same, and the server closes without reading',
    async play(stage) {
      const listener = await stage.listen({ options: { SO_RCVBUF: 4096 } });
      const c = await stage.connect();
      const s = await listener.accept(c);
      await c.do('send_some', { bytes: 100_000 });
      await c.close();
      await sleep(1000);
      await s.close();
      await sleep(500);
    },
  },
  {
    name: 'large_transfer',
    description: '3 MB and a close behind them',
    wire: { delay: both(5) },
    async play(stage) {
      const { c, s } = await stage.connection();
      const end = s.receive();
      await c.send(3_000_000);
      await c.close();
      await end;
      await s.close();
      await sleep(500);
    },
  },
];

const PEER_GONE: Scenario[] = [
  one(
    'peer_gone',
    'the FIN and its retransmissions go nowhere: the orphan gives up',
    async ({ c, s, stage }) => {
      await stage.rules([drop('server', 'any')]);
      await c.close();
      await sleep(6000);
      await s.close();
      await sleep(3000);
    },
    { sysctls: { client: { 'ipv4/tcp_orphan_retries': 2 }, server: { 'ipv4/tcp_orphan_retries': 2 } } },
  ),
];

const FIN_TIMEOUT = { client: { 'ipv4/tcp_fin_timeout': 3 }, server: { 'ipv4/tcp_fin_timeout': 3 } };

const TIMERS: Scenario[] = [
  one(
    'time_wait_full',
    'TIME_WAIT to its end',
    async ({ c, s }) => {
      await closeOneByOne(c, s, 20);
      await sleep(63_000);
    },
    { limit: 90 },
  ),
  one(
    'time_wait_full_v6',
    "the server's TIME_WAIT to its end, over IPv6",
    async ({ c, s }) => {
      await closeOneByOne(s, c, 20);
      await sleep(63_000);
    },
    { family: 6, wire: { delay: both(20) }, limit: 90 },
  ),
  one(
    'fin_wait_2_expired',
    'the orphan expires; data comes 2 s later',
    async ({ c, s }) => {
      await c.close();
      await sleep(5500);
      await s.send(100);
      await sleep(100);
      await s.close();
    },
    { sysctls: FIN_TIMEOUT },
  ),
  one(
    'fin_wait_2_in_time',
    'the second FIN comes before the orphan expires',
    async ({ c, s }) => {
      await closeOneByOne(c, s, 2000);
    },
    { sysctls: FIN_TIMEOUT },
  ),
  one(
    'fin_wait_2_late_fin',
    'the second FIN comes after the orphan has expired',
    async ({ c, s }) => {
      await closeOneByOne(c, s, 5000);
    },
    { sysctls: FIN_TIMEOUT },
  ),
  one(
    'fin_wait_2_owned',
    'a shutdown that lasts longer than the timer, then data, then a close',
    async ({ c, s }) => {
      await c.shutdown();
      await sleep(5000);
      await s.send(500);
      await s.close();
      await c.receive();
      await c.close();
    },
    { sysctls: FIN_TIMEOUT },
  ),
];

const REUSE: Scenario[] = ([4, 6] as const).flatMap((family) => [
  one(
    `reuse_server_v${family}`,
    "new SYNs into the server's TIME_WAIT, three times",
    async ({ c, s, listener, stage }) => {
      await closeOneByOne(s, c, 20);
      for (let i = 0; i < 3; i++) {
        await sleep(300);
        const next = await stage.connect({ family, from: c.port });
        await closeOneByOne(await listener.accept(next), next, 20);
      }
    },
    { family, wire: { delay: both(5) } },
  ),
  one(
    `reuse_client_v${family}`,
    'connect() from a port in TIME_WAIT',
    async ({ c, s, listener, stage }) => {
      await closeOneByOne(c, s, 20);
      await sleep(1500);
      const next = await stage.connect({ family, from: c.port });
      await closeOneByOne(next, await listener.accept(next), 20);
    },
    { family },
  ),
  one(
    `reuse_after_reset_v${family}`,
    'a new connection on the 4-tuple after a reset',
    async ({ c, listener, stage }) => {
      await c.reset();
      await sleep(100);
      const next = await stage.connect({ family, from: c.port });
      await closeOneByOne(next, await listener.accept(next), 20);
    },
    { family, wire: { delay: both(5) } },
  ),
]);

const FAST_OPEN: Scenario = {
  name: 'fast_open',
  description: 'data in the SYN, and a close right behind it',
  wire: { delay: both(20) },
  sysctls: { client: { 'ipv4/tcp_fastopen': 1 }, server: { 'ipv4/tcp_fastopen': 2 } },
  async play(stage) {
    const listener = await stage.listen({ options: { TCP_FASTOPEN: 16 } });
    for (let i = 0; i < 3; i++) {
      const c = await stage.connect({ fastOpen: 200 });
      const s = await listener.accept(c);
      await s.receive(200);
      if (i === 1) await closeOneByOne(s, c, 30);
      else await closeOneByOne(c, s, 30);
    }
  },
};

export const EXTENDED: Scenario[] = [
  ...WIRES.flatMap(([name, wire]) =>
    ([4, 6] as const).map((family) => everyClose(`closes_${name}_v${family}`, wire, family)),
  ),
  ...INJECTIONS,
  ...LOSSES,
  ...OWNERS,
  ...PEER_GONE,
  ...TIMERS,
  ...REUSE,
  { ...everyClose('closes_no_timestamps', { delay: both(20) }, 4), sysctls: NO_TIMESTAMPS },
  FAST_OPEN,
];

export const CROWDS: Scenario[] = [
  crowd({ name: 'random_0', description: 'no delay', wire: { seed: 1 } }),
  crowd({ name: 'random_5', description: '5 ms each way', wire: { delay: both(5), seed: 2 } }),
  crowd({ name: 'random_50', description: '50 ms each way', wire: { delay: both(50), seed: 3 } }),
  crowd({ name: 'random_10_70', description: '10 ms there, 70 ms back', wire: { delay: [10, 70], seed: 4 } }),
  crowd({ name: 'random_70_10', description: '70 ms there, 10 ms back', wire: { delay: [70, 10], seed: 5 } }),
  crowd({ name: 'random_jitter', description: '20 to 35 ms', wire: { delay: both(20), jitter: both(15), seed: 6 } }),
  crowd({ name: 'random_loss_1', description: '1 % lost', wire: { delay: both(10), loss: 0.01, seed: 7 } }),
  crowd({ name: 'random_loss_5', description: '5 % lost', wire: { delay: both(10), loss: 0.05, seed: 8 } }),
  crowd({
    name: 'random_loss_5_v6',
    description: '5 % lost, over IPv6',
    family: 6,
    wire: { delay: both(10), loss: 0.05, seed: 9 },
  }),
  crowd({
    name: 'random_disorder',
    description: '5 % overtaken, 3 % doubled',
    wire: { delay: both(5), overtaken: 0.05, twice: 0.03, seed: 10 },
  }),
  {
    ...crowd({
      name: 'random_no_timestamps',
      description: '3 % lost, without timestamps',
      wire: { delay: both(10), loss: 0.03, seed: 11 },
    }),
    sysctls: NO_TIMESTAMPS,
  },
  {
    ...crowd({
      name: 'random_no_sack',
      description: '3 % lost, without timestamps and SACK',
      wire: { delay: both(10), loss: 0.03, seed: 12 },
    }),
    sysctls: NO_SACK,
  },
  {
    ...crowd({
      name: 'random_cookies',
      description: '2 % lost, SYN cookies always',
      wire: { delay: both(10), loss: 0.02, seed: 13 },
    }),
    sysctls: { server: { 'ipv4/tcp_syncookies': 2 } },
  },
];
