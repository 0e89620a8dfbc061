/** The table of metrics in README.md, printed from src/output/metric-list.ts. */

import { metricsTable } from '../src/output/metric-list.ts';

/** Where the table belongs, from the repository's root. */
export const README_WITH_METRICS = 'README.md';

const TABLE = /(<!-- metrics: npm run docs -->\n).*?(\n<!-- end of metrics -->)/s;

/** README.md with the table of the metrics as they are. @throws Error where its place is not marked */
export function withMetricsTable(readme: string): string {
  if (!TABLE.test(readme)) throw new Error('README.md has no place for the table of metrics');
  return readme.replace(TABLE, (_, before, after) => before + metricsTable() + after);
}
