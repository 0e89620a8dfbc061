import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { diff } from '../../src/diff/diff.ts';
import { findingOf, reportOf } from '../diff/reports.ts';
import { oddReport } from '../output/arbitrary.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const ajv = new Ajv2020({ strict: true, allErrors: true });
addFormats.default(ajv);
const isDiff = ajv.compile(JSON.parse(readFileSync(new URL('../../schema/diff.schema.json', import.meta.url), 'utf8')));

function example(): Json {
  const [stays, went] = [findingOf('close-wait-leak'), findingOf('time-wait-pileup')];
  const before = reportOf({ server: 50, refused: 30, aborted: 3, findings: [stays, went] });
  const after = reportOf({ client: 50, refused: 1, seconds: 30, from: 3600, findings: [stays] });
  return JSON.parse(JSON.stringify(diff(before, after))) as Json;
}

test('the schema takes any comparison', () => {
  expect(isDiff(example()), JSON.stringify(isDiff.errors)).toBe(true);
  fc.assert(
    fc.property(oddReport, oddReport, (before, after) => {
      expect(isDiff(JSON.parse(JSON.stringify(diff(before, after)))), JSON.stringify(isDiff.errors)).toBe(true);
    }),
    { numRuns: 100 },
  );
});

test('every member of every object is required, and none is unknown', () => {
  const visit = (value: Json, refused: () => void): void => {
    if (typeof value !== 'object' || value === null) return;
    if (Array.isArray(value)) {
      for (const item of value) visit(item, refused);
      return;
    }
    for (const [name, item] of Object.entries(value)) {
      visit(item, refused);
      delete value[name];
      refused();
      value[name] = item;
    }
    value['surprise'] = 1;
    refused();
    delete value['surprise'];
  };
  const whole = example();
  let tried = 0;
  visit(whole, () => {
    tried++;
    expect(isDiff(whole)).toBe(false);
  });
  expect(isDiff(whole)).toBe(true);
  expect(tried).toBeGreaterThan(150);
});
