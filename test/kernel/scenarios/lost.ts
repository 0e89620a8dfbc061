/** Segments that are lost, late, or doubled. */

import type { Scenario } from '../rig.ts';
import { sleep } from '../stage.ts';
import { closeOneByOne } from './closes.ts';
import { both, drop, one } from './parts.ts';

export const LOSSES: Scenario[] = [
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
