/** `-f ndjson`: one flow record a line, in the form that it has in the JSON report. */

import type { Flow } from '../report/types.ts';

/** One flow as a line, with its newline. */
export function ndjsonLine(flow: Flow): string {
  return `${JSON.stringify(flow)}\n`;
}

/** A line for each flow, in the order given. */
export function* ndjsonFlows(flows: Iterable<Flow>): Generator<string, void, undefined> {
  for (const flow of flows) yield ndjsonLine(flow);
}
