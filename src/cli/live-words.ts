/** What `teardown live` says on standard error beside its results. */

import type { Saved } from '../live/save.ts';
import { plain } from '../output/style.ts';
import type { LiveSource } from '../report/types.ts';
import type { MetricsServer } from './metrics-server.ts';

/** That it captures, and how; a screen says so itself. */
export function tellBegun(source: LiveSource, server: MetricsServer | null, quiet: boolean): void {
  if (quiet || (process.stdout.isTTY === true && process.stderr.isTTY === true)) return;
  const { interface: from, backend, timestamps } = source;
  const how = backend === 'cap' ? 'user-space timestamps, drops not known' : `${timestamps} timestamps`;
  const served = server === null ? '' : `; metrics at ${server.url}`;
  process.stderr.write(`teardown: captures on ${plain(from)} by ${backend} (${how})${served}; Ctrl-C ends it\n`);
}

export function tellSaved({ path, files }: Saved): void {
  const last = files > 1 ? `, the last of ${files} files` : '';
  process.stderr.write(`teardown: packets saved in ${plain(path)}${last}\n`);
}
