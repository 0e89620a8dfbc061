/** `-f json`: the whole report, indented, with every flow on a line of its own. */

import type { Diff } from '../diff/types.ts';
import type { Report } from '../report/types.ts';

/**
 * The report as JSON, in chunks of a flow or a section each; it ends in a newline. Long lists (flows, ports and lists
 * of numbers) take one line an entry, so that 100,000 flows stay compact and can be searched with grep.
 */
export function* jsonReport(report: Report): Generator<string, void, undefined> {
  let lead = '{\n';
  for (const [key, value] of Object.entries(report)) {
    yield `${lead}  ${JSON.stringify(key)}: `;
    if (key === 'flows' || key === 'ports') yield* lines(value);
    else yield indented(value, '  ');
    lead = ',\n';
  }
  yield '\n}\n';
}

/** A comparison of two reports as JSON; it ends in a newline. */
export function jsonDiff(diff: Diff): string {
  return `${indented(diff, '')}\n`;
}

function* lines(items: readonly unknown[]): Generator<string, void, undefined> {
  let lead = '[\n';
  for (const item of items) {
    yield `${lead}    ${JSON.stringify(item)}`;
    lead = ',\n';
  }
  yield items.length === 0 ? '[]' : '\n  ]';
}

/** As JSON.stringify(value, null, 2), but a list of numbers stays on one line. */
function indented(value: unknown, indent: string): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    if (value.every((item) => typeof item === 'number')) return `[${value.join(', ')}]`;
    return `[\n${value.map((item) => inner + indented(item, inner)).join(',\n')}\n${indent}]`;
  }
  const members = Object.entries(value).map(
    ([key, item]) => `${inner}${JSON.stringify(key)}: ${indented(item, inner)}`,
  );
  return members.length === 0 ? '{}' : `{\n${members.join(',\n')}\n${indent}}`;
}
