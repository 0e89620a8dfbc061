/** The README's tables of rules name every scenario, and nothing else: a rule without a file, or a file without a rule, fails. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const FOLDER = new URL('../../fixtures/scenarios/', import.meta.url);
const files = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.md') && name !== 'README.md')
  .map((name) => name.slice(0, -3));

/** The rows of the tables behind the heading: a rule, and its scenarios. */
const rows = readFileSync(new URL('README.md', FOLDER), 'utf8')
  .split('## Rules and their scenarios')[1]!
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.endsWith(' | scenarios |'))
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map(([, rule = '', names = '']) => ({ rule, names: names.split(', ') }));

test('every scenario belongs to a rule', () => {
  const named = new Set(rows.flatMap(({ names }) => names));
  expect(files.filter((file) => !named.has(file))).toEqual([]);
});

test.each(rows)('$rule', ({ rule, names }) => {
  expect(rule).not.toBe('');
  expect(names.filter((name) => !files.includes(name))).toEqual([]);
});
