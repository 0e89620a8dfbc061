/** The language of `-Y, --where` and of the report's filter box. Runs in Node and in browsers. */

import type { Flow } from '../report/types.ts';
import { holds } from './evaluate.ts';
import { parse } from './parse.ts';

export { WhereError } from './error.ts';
export { FIELDS, type Field, type FieldType } from './fields.ts';

/** A condition on flows. */
export interface Where {
  /** the expression as written */
  readonly text: string;
  /** Never throws. */
  matches(flow: Flow): boolean;
}

/**
 * Reads an expression such as `port==9091 && closer==server && finwait2>5s`.
 * @throws WhereError with the place of the error
 */
export function parseWhere(text: string): Where {
  const node = parse(text);
  return { text, matches: (flow) => holds(node, flow) };
}
