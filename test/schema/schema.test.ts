import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { describe, expect, test } from 'vitest';
import { exampleAbortedFlow, exampleFlow, exampleReport } from './example.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type JsonObject = { [key: string]: Json };

const SCHEMA: JsonObject = JSON.parse(
  readFileSync(new URL('../../schema/report.schema.json', import.meta.url), 'utf8'),
);
const ajv = new Ajv2020({ strict: true, allErrors: true });
addFormats.default(ajv);
ajv.addSchema(SCHEMA, 'report');
const isReport = ajv.getSchema('report')!;
const isFlow = ajv.getSchema('report#/$defs/Flow')!;

function plain(value: unknown): Json {
  return JSON.parse(JSON.stringify(value));
}

/** The places of all objects and their members, in the example: [path to the object, name]. */
function members(value: Json, path: (string | number)[] = []): [path: (string | number)[], name: string][] {
  if (Array.isArray(value)) return value.flatMap((item, index) => members(item, [...path, index]));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, item]) => [
    [path, name] as [(string | number)[], string],
    ...members(item, [...path, name]),
  ]);
}

/** A copy of a value in which the thing at a path was edited. */
function edited(value: Json, path: (string | number)[], edit: (target: JsonObject) => void): Json {
  const copy = structuredClone(value);
  let target: Json = copy;
  for (const key of path) target = (target as Record<string | number, Json>)[key]!;
  edit(target as JsonObject);
  return copy;
}

/** Objects whose keys are data: reasons, addresses, states, kinds. */
const MAPS = /(^|\.)(skipped|assumptions|states|byKind|byInitiator)$/;

describe('teardown.report/1', () => {
  const report = plain(exampleReport());

  test('takes the example report', () => {
    isReport(report);
    expect(isReport.errors).toBeNull();
  });

  test('takes each flow as a line of its own', () => {
    for (const flow of [exampleFlow(), exampleAbortedFlow()]) {
      isFlow(plain(flow));
      expect(isFlow.errors).toBeNull();
    }
  });

  test('takes what a comparison of two captures tells', () => {
    const lost = { toServer: 1, toClient: 0 };
    const comparison = { offsetSeconds: -0.5, driftPpm: 12.5, plusMinus: 0.0001, lost, resetOrigin: 'server' };
    expect(isFlow({ ...exampleFlow(), comparison })).toBe(true);
    const alone = { ...comparison, driftPpm: null, lost: { toServer: null, toClient: null }, resetOrigin: null };
    expect(isFlow({ ...exampleFlow(), comparison: alone })).toBe(true);
    expect(isFlow({ ...exampleFlow(), comparison: { ...comparison, plusMinus: -1 } })).toBe(false);
    expect(isFlow({ ...exampleFlow(), comparison: { ...comparison, resetOrigin: 'network' } })).toBe(false);
  });

  test('a flow is no report and a report no flow', () => {
    expect(isReport(plain(exampleFlow()))).toBe(false);
    expect(isFlow(report)).toBe(false);
  });

  test('every member of every object is required', () => {
    const optional = members(report)
      .filter(([path, name]) => isReport(edited(report, path, (target) => delete target[name])))
      .map(([path, name]) => [...path, name].join('.'));
    expect(optional.filter((path) => !MAPS.test(path.slice(0, path.lastIndexOf('.'))))).toEqual([
      'assumptions.10.0.0.5',
    ]);
  });

  test('no object takes an unknown member', () => {
    const open = members(report)
      .map(([path]) => path)
      .filter((path) => isReport(edited(report, path, (target) => Object.assign(target, { surprise: 1 }))))
      .map((path) => path.join('.'));
    expect([...new Set(open)]).toEqual(['capture.skipped']);
  });

  test('an object in place of any member is refused', () => {
    for (const [path, name] of members(report)) {
      expect(isReport(edited(report, path, (target) => (target[name] = { wrong: 'type' }))), name).toBe(false);
    }
  });
});

describe('a flow is refused', () => {
  const cases: [why: string, flow: Json][] = [
    ['with milliseconds', { ...plainFlow(), firstPacket: '2026-03-01T10:00:00.000Z' }],
    ['with a zone other than UTC', { ...plainFlow(), firstPacket: '2026-03-01T10:00:00.000000000+01:00' }],
    ['with a day that does not exist', { ...plainFlow(), firstPacket: '2026-02-30T10:00:00.000000000Z' }],
    ['with a time as number', { ...plainFlow(), closedAt: 1_772_359_200 }],
    ['with id 0', { ...plainFlow(), id: 0 }],
    ['with a fraction of a packet', { ...plainFlow(), packets: { client: 1.5, server: 1 } }],
    ['with port 65536', { ...plainFlow(), client: { address: '10.0.0.7', port: 65536 } }],
    ['with a misspelt kind', { ...plainFlow(), kind: 'gracefull' }],
    ['with initiator none', { ...plainFlow(), initiator: 'none' }],
    ['with a Community ID of another version', { ...plainFlow(), communityId: '2:kg8AY7Z8uB4ucZbuy7HT4Qvmw2U=' }],
    ['with a negative round trip', { ...plainFlow(), rtt: { client: -1, server: null } }],
    ['with a null history', { ...plainFlow(), history: null }],
    ['with a duration as text', at('endpoints.server', 'finWait2Seconds', '8.2s')],
    ['with one frame in a span', at('endpoints.server.states.0', 'frames', [2])],
    ['with three frames in a span', at('endpoints.server.states.0', 'frames', [2, 3, 4])],
    ['with frame 0', at('endpoints.server.states.0', 'frames', [0, 3])],
    ['with a state of another protocol', at('endpoints.server.states.0', 'state', 'LISTEN')],
    ['with an unknown basis', at('endpoints.server.states.0', 'basis', 'guessed')],
  ];

  test.each(cases)('%s', (_, flow) => {
    expect(isFlow(flow)).toBe(false);
  });

  function plainFlow(): JsonObject {
    return plain(exampleFlow()) as JsonObject;
  }

  function at(path: string, name: string, value: Json): Json {
    return edited(plainFlow(), path.split('.'), (target) => (target[name] = value));
  }
});

test('every property says what it is, and every number its unit or that it is a count', () => {
  const silent: string[] = [];
  const visit = (schema: Json, path: string) => {
    if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) return;
    const { properties = {} } = schema;
    for (const [name, property] of Object.entries(properties as JsonObject)) {
      const { description, $ref, const: constant } = property as JsonObject;
      if (description === undefined && $ref === undefined && constant === undefined) {
        if (!/\.(packets|bytes|rtt)$/.test(path)) silent.push(`${path}.${name}`);
      }
      if (name.endsWith('Seconds')) expect(description, `${path}.${name}`).toContain('Seconds.');
      visit(property, `${path}.${name}`);
    }
  };
  const { $defs } = SCHEMA;
  visit(SCHEMA, '');
  for (const [name, definition] of Object.entries($defs as JsonObject)) visit(definition, name);
  expect(silent).toEqual([]);
});
