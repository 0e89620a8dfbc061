/** What the processes do that own the sockets, and what they leave to the kernel. */

import type { Scenario } from '../rig.ts';
import { sleep } from '../stage.ts';
import { both, drop, one } from './parts.ts';

export const OWNERS: Scenario[] = [
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
