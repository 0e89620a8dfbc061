import { expect, test } from 'vitest';
import { jsonReport } from '../../src/output/json.ts';
import { ndjsonFlows, ndjsonLine } from '../../src/output/ndjson.ts';
import type { Flow } from '../../src/report/types.ts';
import { exampleAbortedFlow, exampleFlow, exampleReport } from '../schema/example.ts';

test('is the report', () => {
  const report = exampleReport();
  const text = [...jsonReport(report)].join('');
  expect(JSON.parse(text)).toEqual(report);
  expect(Object.keys(JSON.parse(text))).toEqual(Object.keys(report));
});

test('begins with schema and tool, ends in a newline', () => {
  const text = [...jsonReport(exampleReport())].join('');
  expect(text.split('\n').slice(0, 6)).toEqual([
    '{',
    '  "schema": "teardown.report/1",',
    '  "tool": {',
    '    "name": "pcap-teardown",',
    '    "version": "0.1.0"',
    '  },',
  ]);
  expect(text.endsWith('\n  ]\n}\n')).toBe(true);
});

test('is indented as JSON.stringify does it, but for lists of numbers, flows and ports', () => {
  const report = exampleReport({ ports: [], flows: [], findings: [] });
  expect([...jsonReport(report)].join('')).toBe(`${JSON.stringify(report, null, 2)}\n`);
  const [finding] = exampleReport().findings;
  const text = [...jsonReport(exampleReport({ findings: [{ ...finding!, frames: [8, 10, 12] }] }))].join('');
  expect(text).toContain('\n      "doThis": [\n        "Set SO_REUSEADDR');
  expect(text).toContain('\n      "frames": [8, 10, 12],\n');
});

test('gives each flow and each port a line of its own', () => {
  const report = exampleReport();
  const lines = [...jsonReport(report)].join('').split('\n');
  for (const [name, items] of [
    ['flows', report.flows],
    ['ports', report.ports],
  ] as const) {
    const start = lines.indexOf(`  "${name}": [`) + 1;
    const found = lines.slice(start, start + items.length).map((line) => JSON.parse(line.replace(/,$/, '')));
    expect(found).toEqual(items);
    expect(lines[start + items.length]).toMatch(/^ {2}\],?$/);
  }
});

test('keeps null and text with quotes, backslashes, line ends and control characters', () => {
  const name = 'a "quoted" \\ name\u0000\u2028\n\ud800.pcap';
  const report = exampleReport();
  report.capture.files[0]!.name = name;
  report.capture.skipped = { __proto__x: 1, 'x"y': 2 };
  const text = [...jsonReport(report)].join('');
  expect(JSON.parse(text)).toEqual(report);
  expect(text).toContain('"dropped": null');
});

test('100,000 flows come in chunks of a flow', () => {
  const flow = exampleFlow();
  const flows: Flow[] = new Array<Flow>(100_000).fill(flow);
  const longest = JSON.stringify(flow).length + 10;
  let chunks = 0;
  let bytes = 0;
  for (const chunk of jsonReport(exampleReport({ flows }))) {
    chunks++;
    bytes += chunk.length;
    if (chunk.length > longest) expect(chunk.length).toBeLessThan(longest);
  }
  expect(chunks).toBeGreaterThan(100_000);
  expect(bytes).toBeGreaterThan(100_000 * JSON.stringify(flow).length);
});

test('NDJSON is a flow a line, in the order given', () => {
  const flows = [exampleAbortedFlow(), exampleFlow({ notes: ['two\nlines'] })];
  const lines = [...ndjsonFlows(flows)].join('').split('\n');
  expect(lines.pop()).toBe('');
  expect(lines.map((line) => JSON.parse(line))).toEqual(flows);
  expect(ndjsonLine(flows[0]!)).toBe(`${JSON.stringify(flows[0])}\n`);
  expect([...ndjsonFlows([])]).toEqual([]);
});
