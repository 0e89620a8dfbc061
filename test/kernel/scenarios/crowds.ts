/** Connections at random, by the hundred. */

import type { Scenario } from '../rig.ts';
import { both } from './parts.ts';
import { crowd } from './random.ts';
import { NO_SACK, NO_TIMESTAMPS } from './settings.ts';

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
