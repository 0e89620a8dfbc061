/** TIME_WAIT and orphans: to their end, or until a new connection takes over. */

import type { Scenario } from '../rig.ts';
import { sleep } from '../stage.ts';
import { closeOneByOne } from './closes.ts';
import { both, drop, one } from './parts.ts';
import { FIN_TIMEOUT } from './settings.ts';

export const PEER_GONE: Scenario[] = [
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

export const TIMERS: Scenario[] = [
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

export const REUSE: Scenario[] = ([4, 6] as const).flatMap((family) => [
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
