/** The scenarios of every run: a few seconds together. */

import type { Scenario } from '../rig.ts';
import { type Socket, type Stage, sleep } from '../stage.ts';
import { closeAtOnce, closeOneByOne } from './closes.ts';

export const EVERYDAY: Scenario[] = [
  {
    name: 'client_first',
    description: 'the client closes, 100 ms later the server',
    async play(stage) {
      const { c, s } = await stage.connection();
      await closeOneByOne(c, s, 100);
    },
  },
  {
    name: 'server_first_20ms',
    description: 'the server closes, 100 ms later the client; 20 ms each way',
    wire: { delay: [20, 20] },
    async play(stage) {
      const { c, s } = await stage.connection();
      await closeOneByOne(s, c, 100);
    },
  },
  {
    name: 'three_way',
    description: 'the second FIN carries the acknowledgement of the first',
    async play(stage) {
      const { c, s } = await stage.connection();
      await closeAtOnce(c, s);
    },
  },
  {
    name: 'three_way_v6',
    description: 'the same over IPv6, begun by the server',
    async play(stage) {
      const { c, s } = await stage.connection({ family: 6 });
      await closeAtOnce(s, c);
    },
  },
  {
    name: 'simultaneous',
    description: 'both close at once with 150 ms between them',
    wire: { delay: [150, 150] },
    async play(stage) {
      const { c, s } = await stage.connection();
      await Promise.all([c.close(), s.close()]);
    },
  },
  {
    name: 'half_close_data',
    description: 'the client shuts its way down, the server sends for half a second more',
    async play(stage) {
      const { c, s } = await stage.connection();
      await c.shutdown();
      for (let i = 0; i < 5; i++) {
        await sleep(100);
        await s.send(2000);
        await c.receive(2000);
      }
      await s.close();
      await c.receive();
      await c.close();
    },
  },
  {
    name: 'reset_by_linger',
    description: 'SO_LINGER 0 at the client',
    async play(stage) {
      const { c } = await stage.connection();
      await c.reset();
    },
  },
  {
    name: 'reset_by_unread_v6',
    description: 'the server closes with unread data, over IPv6',
    async play(stage) {
      const { c, s } = await stage.connection({ family: 6 });
      await c.send(1000);
      await sleep(50);
      await s.close();
    },
  },
  {
    name: 'data_after_close',
    description:
      'the client has closed; 200 ms later the server sends data, which its orphaned FIN_WAIT_2 answers with RST',
    async play(stage) {
      const { c, s } = await stage.connection();
      await c.close();
      await sleep(200);
      await s.send(300);
      await sleep(50);
      await s.close();
    },
  },
  {
    name: 'refused',
    description: 'nobody listens',
    async play(stage) {
      await stage.tryConnect();
    },
  },
  {
    name: 'listener_closed',
    description: 'the listener is closed with a connection that nobody accepted',
    async play(stage) {
      const listener = await stage.listen();
      const c = await stage.connect();
      await c.send(100);
      await sleep(50);
      await listener.close();
      await sleep(50);
      await c.close();
    },
  },
  {
    name: 'lost_first_fin',
    description: 'the first FIN is lost on its way; 20 ms each way',
    wire: { delay: [20, 20], rules: [{ to: 'server', match: 'fin', nth: [1], act: 'drop' }] },
    async play(stage) {
      const { c, s } = await stage.connection();
      await closeOneByOne(c, s, 100);
    },
  },
  {
    name: 'lost_final_ack',
    description: "the acknowledgement of the server's FIN is lost: the FIN comes again, and TIME_WAIT begins anew",
    wire: { rules: [{ to: 'server', match: 'ack-of-fin', nth: [1], act: 'drop' }] },
    async play(stage) {
      const { c, s } = await stage.connection();
      await closeOneByOne(c, s, 100);
      await sleep(500);
    },
  },
  {
    name: 'reuse_of_time_wait',
    description: "a new SYN from the same port enters the server's TIME_WAIT",
    async play(stage) {
      const { c, s, listener } = await stage.connection();
      await closeOneByOne(s, c, 20);
      await sleep(200);
      await again(stage, listener, c.port);
    },
  },
];

async function again(stage: Stage, listener: Socket, from: number): Promise<void> {
  const c = await stage.connect({ from });
  const s = await listener.accept(c);
  await stage.exchange(c, s);
  await closeOneByOne(s, c, 20);
}
