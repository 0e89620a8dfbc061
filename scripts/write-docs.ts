/** `npm run docs`: writes the pages that are printed from the program. With `-- --check`: exit 1 where one is stale. */

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FINDINGS_PAGE, findingsPage, withRulesTable } from './findings-page.ts';
import { README_WITH_METRICS, withMetricsTable } from './metrics-table.ts';
import { PROFILES_PAGE, profilesPage } from './profiles-page.ts';
import { STATE_MACHINE_PAGE, stateMachinePage } from './state-machine.ts';

/** The repository, as seen from build/scripts/write-docs.js. */
const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** What each is to hold, by what it holds. */
const PAGES: [path: string, text: (before: string) => string][] = [
  [STATE_MACHINE_PAGE, stateMachinePage],
  [PROFILES_PAGE, profilesPage],
  [FINDINGS_PAGE, findingsPage],
  ['README.md', withRulesTable],
  [README_WITH_METRICS, withMetricsTable],
];

function main(args: readonly string[]): number {
  if (args.some((arg) => arg !== '--check')) {
    process.stderr.write('usage: write-docs [--check]\n');
    return 2;
  }
  const stale: string[] = [];
  for (const [path, text] of PAGES) {
    const file = join(ROOT, path);
    const before = existsSync(file) ? readFileSync(file, 'utf8') : '';
    const wanted = text(before);
    if (before === wanted) continue;
    stale.push(path);
    if (args.length === 0) writeFileSync(file, wanted);
  }
  for (const path of stale)
    process.stdout.write(args.length === 0 ? `wrote ${path}\n` : `${path} is stale: npm run docs\n`);
  return args.length > 0 && stale.length > 0 ? 1 : 0;
}

process.exitCode = main(process.argv.slice(2));
