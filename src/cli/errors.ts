import { InputError } from '../input/errors.ts';
import { OutputError } from '../output/files.ts';
import { plain } from '../output/style.ts';
import { damagePlace } from '../output/survey.ts';
import type { Capture } from '../report/types.ts';
import { OsError } from '../systems.ts';
import { ThresholdError } from '../thresholds.ts';
import { WhereError } from '../where/where.ts';

/** A wrong command line (exit code 2). */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}

export const EXIT_DONE = 0;
export const EXIT_NOTHING = 1;
export const EXIT_USAGE = 2;
export const EXIT_DAMAGED = 3;

/** An error as at most three short lines - what, why, what to try - and never a stack trace. */
export function explain(error: unknown): string {
  if (error instanceof WhereError) return `teardown: wrong expression: ${error.rendered}`;
  if (error instanceof UsageError || error instanceof OsError || error instanceof ThresholdError)
    return `teardown: ${plain(error.message)}\n  ${plain(error.hint)}`;
  if (error instanceof InputError || error instanceof OutputError) {
    return `teardown: ${plain(error.what)}: ${plain(error.why)}\n  ${plain(error.hint)}`;
  }
  return `teardown: unexpected: ${plain(String(error))}\n  ${placeOf(error)}this is a mistake in teardown: please report it`;
}

/** Where an unexpected error comes from, without this machine's folders: `flow/table.js:12:5; `. */
function placeOf(error: unknown): string {
  const place = error instanceof Error ? /[\w-]+\/[\w.-]+:\d+:\d+/.exec(error.stack ?? '') : null;
  return place === null ? '' : `${place[0]}; `;
}

/** Tells on standard error where reading stopped: what standard output holds may go to a program that does not look. */
export function warnOfDamage(capture: Capture): void {
  for (const each of capture.damage) {
    if (capture.live !== null) {
      process.stderr.write(`teardown: ${plain(each.file)}: ${plain(each.what)}; what was captured is reported\n`);
      continue;
    }
    const words = `${each.file}: ${each.what} (at ${damagePlace(capture, each)})`;
    process.stderr.write(`teardown: ${plain(words)}; everything before it was analysed\n`);
  }
}
