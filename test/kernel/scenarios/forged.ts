/** Segments that nobody sent, or that come a second time. */

import type { Scenario } from '../rig.ts';
import { sleep } from '../stage.ts';
import { closeOneByOne } from './closes.ts';
import { both, drop, one } from './parts.ts';

export const INJECTIONS: Scenario[] = [
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
