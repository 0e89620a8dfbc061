import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { STATE_MACHINE_PAGE, stateMachinePage } from '../../scripts/state-machine.ts';

test(`${STATE_MACHINE_PAGE} is what the tables say (npm run docs)`, () => {
  expect(readFileSync(new URL(`../../${STATE_MACHINE_PAGE}`, import.meta.url), 'utf8')).toBe(stateMachinePage());
});
