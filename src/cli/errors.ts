import { InputError } from '../input/errors.ts';
import { OutputError } from '../output/files.ts';
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

/**
 * An error as at most three short lines - what, why, what to try - and never a stack trace.
 * @returns null for an error that is none of ours
 */
export function explain(error: unknown): string | null {
  if (error instanceof WhereError) return `teardown: --where: ${error.rendered}`;
  if (error instanceof UsageError) return `teardown: ${error.message}\n  ${error.hint}`;
  if (error instanceof InputError || error instanceof OutputError) {
    return `teardown: ${error.what}: ${error.why}\n  ${error.hint}`;
  }
  return null;
}
