import { expect, test } from 'vitest';
import { diff } from '../../src/diff/diff.ts';
import type { Finding } from '../../src/report/types.ts';
import { findingOf, reportOf, type Wanted } from './reports.ts';

function changes(before: Finding[], after: Finding[], moved: Wanted = {}): string[] {
  const old = reportOf({ server: 100, findings: before });
  const now = reportOf({ server: 100, from: 3600, findings: after, ...moved });
  return diff(old, now).findings.map(({ rule, change, trend }) => [change, rule, trend ?? ''].join(' ').trim());
}

test('findings are the same by rule and endpoint', () => {
  const [a, b, c] = [findingOf('a'), findingOf('b'), findingOf('c')];
  expect(changes([a, b], [b, c])).toEqual(['came c', 'stayed b same', 'went a']);
  expect(changes([a], [{ ...a, endpoint: '10.0.0.1:80' }])).toEqual(['came a', 'went a']);
  expect(changes([{ ...a, endpoint: null }], [{ ...a, endpoint: null }])).toEqual(['stayed a same']);
});

test('each has one counterpart, the worst first', () => {
  const [mild, grave] = [findingOf('a'), findingOf('a', { severity: 'critical', flowCount: 9 })];
  expect(changes([mild, grave], [grave])).toEqual(['stayed a same', 'went a']);
  expect(changes([mild], [mild, grave])).toEqual(['came a', 'stayed a worse']);
  expect(changes([grave], [mild])).toEqual(['stayed a better']);
});

test('a service that has moved to another address is known by its port', () => {
  const [old, now] = [findingOf('a'), findingOf('a', { endpoint: '10.0.0.9:9091' })];
  expect(changes([old], [now], { address: '10.0.0.9' })).toEqual(['stayed a same']);
  expect(changes([findingOf('a', { endpoint: '[2001:db8::1]:9091' })], [now], { address: '10.0.0.9' })).toEqual([
    'stayed a same',
  ]);
  // It is still where it was: this is another one.
  expect(changes([old], [now])).toEqual(['came a', 'went a']);
});

test('a client is known by its address', () => {
  const old = findingOf('a', { endpoint: '10.0.0.7:40000' });
  expect(changes([old], [findingOf('a', { endpoint: '10.0.0.7:50000' })])).toEqual(['stayed a same']);
  expect(changes([old], [findingOf('a', { endpoint: '10.0.0.8:50000' })])).toEqual(['came a', 'went a']);
});

test('of each finding its share is given', () => {
  const { findings } = diff(reportOf({ server: 200, findings: [findingOf('a')] }), reportOf({ server: 100 }));
  expect(findings[0]?.before).toMatchObject({ flowCount: 50, share: 0.25 });
  expect(findings[0]?.before).not.toHaveProperty('flows');
});
