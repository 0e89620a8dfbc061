import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { diff, diffOf } from '../../src/diff/diff.ts';
import { digest } from '../../src/diff/digest.ts';
import { readDigest } from '../../src/diff/read.ts';
import { InputError } from '../../src/input/errors.ts';
import { jsonReport } from '../../src/output/json.ts';
import { oddReport } from '../output/arbitrary.ts';
import { findingOf, reportOf } from './reports.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const REPORT = reportOf({ server: 2, aborted: 1, refused: 1, findings: [findingOf('a')] });
const TEXT = JSON.stringify(REPORT);

function errorOf(input: Uint8Array): InputError {
  try {
    readDigest(input, 'x.json');
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
  throw new Error('it was taken for a report');
}

describe('a report is read', () => {
  test('however its JSON is written', () => {
    const sorted = JSON.stringify(Object.fromEntries(Object.entries(REPORT).reverse()), null, '\t');
    for (const text of [TEXT, JSON.stringify(REPORT, null, 4), [...jsonReport(REPORT)].join(''), sorted]) {
      expect(readDigest(bytes(text), 'x')).toEqual(readDigest(bytes(`\ufeff ${text}\r\n`), 'x'));
      expect(diffOf(readDigest(bytes(text), 'x'), digest(REPORT))).toEqual(diff(REPORT, REPORT));
    }
  });

  test('as the library has it, whatever the report', () => {
    fc.assert(
      fc.property(oddReport, (report) => {
        const read = readDigest(bytes(JSON.stringify(report)), 'x');
        expect(diffOf(read, read)).toEqual(diff(report, report));
      }),
      { numRuns: 100 },
    );
  });
});

describe('what is no report is refused', () => {
  test.each<[why: string, input: Uint8Array, words: RegExp]>([
    ['a pcap file', Uint8Array.of(0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0), /is a capture, not a report/],
    ['a pcapng file', Uint8Array.of(0x0a, 0x0d, 0x0d, 0x0a, 28, 0, 0, 0), /is a capture/],
    ['zstd', Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0), /zstd/],
    ['UTF-16', Uint8Array.of(0xff, 0xfe, 0x7b, 0), /UTF-16/],
    ['nothing', bytes(''), /is empty/],
    ['white space', bytes(' \r\n\t'), /is empty/],
    ['text', bytes('teardown  web.pcap'), /no JSON: byte 0/],
    ['half a report', bytes(TEXT.slice(0, TEXT.length / 2)), /is cut/],
    ['a list', bytes('[]'), /no JSON: byte 0/],
    ['other JSON', bytes('{"name": "x"}'), /no report of teardown/],
    ['a flow', bytes(`${JSON.stringify(REPORT.flows[0])}\n`), /no report of teardown/],
    ['flows', bytes(REPORT.flows.map((flow) => `${JSON.stringify(flow)}\n`).join('')), /NDJSON/],
    ['a comparison', bytes(JSON.stringify(diff(REPORT, REPORT))), /comparison already/],
    ['a later version', bytes(TEXT.replace('teardown.report/1', 'teardown.report/2')), /is a teardown\.report\/2/],
    ['something behind it', bytes(`${TEXT} x`), /no JSON/],
    ['a member twice', bytes(TEXT.replace('"ports":', '"flows":')), /a member twice/],
    ['a comma too many', bytes(TEXT.replace(/\]}$/, ',]}')), /no JSON/],
    ['a string without end', bytes('{"schema": "teardown\\"}'), /is cut/],
    ['a missing colon', bytes('{"schema" "x"}'), /no JSON/],
    ['a missing comma', bytes('{"schema": "x" "y": 1}'), /no JSON/],
    ['a name that is no text', bytes('{schema: 1}'), /no JSON/],
  ])('%s', (_, input, words) => {
    const error = errorOf(input);
    expect(error.what).toBe("can't compare x.json");
    expect(error.why).toMatch(words);
  });

  test('a number too large for JavaScript', () => {
    const huge = TEXT.replace(/"peak":\d+/, '"peak":1e999');
    expect(errorOf(bytes(huge)).why).toContain('totals.timeWait.peak is the number Infinity, not a number from 0');
  });

  test('nesting without end', () => {
    const deep = `{"schema": "teardown.report/1", "flows": [${'['.repeat(1e6)}${']'.repeat(1e6)}]}`;
    expect(errorOf(bytes(deep)).why).toMatch(/flows\[0\] is a list, not an object|no JSON/);
  });

  test('members of every object have their names from the text alone', () => {
    const named = TEXT.replace('"totals":{', '"totals":{"__proto__":{"flows":1},').replace(
      /"flows":4,"byKind"/,
      '"byKind"',
    );
    expect(errorOf(bytes(named)).why).toContain('totals.flows is missing');
  });
});

/** Places in the report that are read. */
const READ = [
  'tool.version',
  'capture.files.0.name',
  'capture.damage',
  'capture.position',
  'capture.seconds',
  'capture.firstPacket',
  'assumptions.10_0_0_1.timeWaitSeconds',
  'totals.flows',
  'totals.byKind.refused',
  'totals.byInitiator.server',
  'totals.finWait2.p90',
  'totals.timeWait.peak',
  'findings.0.rule',
  'findings.0.severity',
  'findings.0.confidence',
  'findings.0.endpoint',
  'findings.0.flowCount',
  'flows.0.kind',
  'flows.0.initiator',
  'flows.0.server.address',
  'flows.0.endpoints.server.states.0.open',
  'flows.0.endpoints.server.timeWait',
  'flows.2.reset.cause',
  'flows',
  'totals',
];

describe('a field of another type is named', () => {
  test.each(READ)('%s', (path) => {
    for (const value of [[], { surprise: 1 }, 'surprise', -1, true]) {
      const report = JSON.parse(TEXT) as { [key: string]: Json };
      const keys = path.split('.').map((key) => key.replaceAll('_', '.'));
      const last = keys.pop()!;
      let target: Json = report;
      for (const key of keys) target = (target as { [key: string]: Json })[key]!;
      const old = (target as { [key: string]: Json })[last];
      if (typeof old === typeof value && (typeof value === 'object' || FREE.test(path))) continue;
      (target as { [key: string]: Json })[last] = value;
      const { why } = errorOf(bytes(JSON.stringify(report)));
      expect(why, String(value)).toContain(keys.length === 0 ? last : keys[0]!);
      expect(why).toContain(last);
    }
  });
});

/** Text, or true and false, of any value. */
const FREE = /(version|name|rule|endpoint|address|open)$/;

test('no bytes make it throw anything but an error in words', () => {
  const cut = fc.tuple(fc.nat(TEXT.length), fc.nat(40), fc.string({ maxLength: 8 }));
  fc.assert(
    fc.property(fc.array(cut, { maxLength: 4 }), (edits) => {
      let text = TEXT;
      for (const [place, gone, put] of edits) text = text.slice(0, place) + put + text.slice(place + gone);
      try {
        const read = readDigest(bytes(text), 'x');
        diffOf(read, read);
      } catch (error) {
        expect(error).toBeInstanceOf(InputError);
      }
    }),
    { numRuns: 500 },
  );
});
