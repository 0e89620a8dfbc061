import { mkdirSync } from 'node:fs';
import { it } from 'vitest';
import { EVERYDAY } from './everyday.ts';
import { CROWDS, EXTENDED } from './extended.ts';
import { run, type Scenario } from './rig.ts';

const SETS: Record<string, Scenario[]> = { everyday: EVERYDAY, crowds: CROWDS, extended: EXTENDED };
it('x', async () => {
  const out = process.env['KEEP']!;
  mkdirSync(out, { recursive: true });
  const only = process.env['ONLY'];
  const set = SETS[process.env['SET']!]!.filter(({ name }) => only === undefined || new RegExp(only).test(name));
  console.error(await run(set, out));
}, 400000);
