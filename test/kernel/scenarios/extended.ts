/** The scenarios on request: other distances, other settings, and what takes its time. */

import type { Scenario } from '../rig.ts';
import type { Wire } from '../stage.ts';
import { closeOneByOne } from './closes.ts';
import { INJECTIONS } from './forged.ts';
import { LOSSES } from './lost.ts';
import { OWNERS } from './owners.ts';
import { both, everyClose } from './parts.ts';
import { NO_TIMESTAMPS } from './settings.ts';
import { PEER_GONE, REUSE, TIMERS } from './timers.ts';

const WIRES: [string, Wire][] = [
  ['0', {}],
  ['5', { delay: both(5) }],
  ['100', { delay: both(100) }],
  ['10_70', { delay: [10, 70] }],
  ['70_10', { delay: [70, 10] }],
];

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
