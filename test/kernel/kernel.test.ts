import { mkdirSync } from 'node:fs';
import { it } from 'vitest';
import { EVERYDAY } from './everyday.ts';
import { crowd } from './random.ts';
import { run } from './rig.ts';

const SETS: Record<string, any> = {
  everyday: EVERYDAY,
  first: [
    crowd({ name: 'random_0ms', description: 'no delay', wire: { seed: 1 } }),
    crowd({ name: 'random_5ms', description: '', wire: { delay: [5, 5], seed: 2 } }),
    crowd({ name: 'random_50ms', description: '', wire: { delay: [50, 50], seed: 3 } }),
    crowd({ name: 'random_10_70', description: '', wire: { delay: [10, 70], seed: 4 } }),
    crowd({ name: 'random_70_10', description: '', wire: { delay: [70, 10], seed: 5 } }),
    crowd({ name: 'random_jitter', description: '', wire: { delay: [20, 20], jitter: [15, 15], seed: 6 } }),
    crowd({ name: 'random_loss2', description: '', wire: { delay: [10, 10], loss: 0.02, seed: 7 } }),
    crowd({ name: 'random_loss5_v6', description: '', family: 6, wire: { delay: [10, 10], loss: 0.05, seed: 8 } }),
    crowd({ name: 'random_v6', description: '', family: 6, wire: { delay: [5, 5], seed: 9 } }),
    crowd({
      name: 'random_overtaken',
      description: '',
      wire: { delay: [5, 5], overtaken: 0.05, twice: 0.03, seed: 10 },
    }),
  ],
};
it('x', async () => {
  const out = process.env['KEEP']!;
  mkdirSync(out, { recursive: true });
  await run(SETS[process.env['SET']!], out, console.error);
}, 400000);
