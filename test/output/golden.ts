/** Golden files: what an output looked like when somebody last read it and found it good. */

import { mkdirSync } from 'node:fs';
import { expect } from 'vitest';
import { widthOf } from '../../src/output/style.ts';

/** Compares with reports/golden-<name>; `vitest run -u` writes it anew. */
export async function expectGolden(text: string, name: string): Promise<void> {
  const folder = new URL('../../reports/', import.meta.url);
  mkdirSync(folder, { recursive: true });
  await expect(text).toMatchFileSnapshot(new URL(`golden-${name}`, folder).pathname);
}

/** The columns of the widest line. */
export function widest(text: string): number {
  return text.split('\n').reduce((most, line) => Math.max(most, widthOf(line)), 0);
}
