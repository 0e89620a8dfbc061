/** Whom root becomes, and whether that user can write what is wanted. */

import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { inTheWay, userFor } from '../live/rights.ts';
import { plain } from '../output/style.ts';
import { UsageError } from './errors.ts';

type User = NonNullable<ReturnType<typeof userFor>>;

/**
 * Where nobody was named, and outputs could not be written by who would be taken, root stays, and a line says so.
 * @param name as `--user` has it
 * @param paths of outputs
 * @returns null: nothing changes
 * @throws UsageError where a user was named that may not write; InputError where there is none
 */
export function userToBe(name: string | undefined, paths: readonly string[], quiet: boolean): User | null {
  const user = userFor(name ?? null);
  if (user === null) return null;
  const refused = paths.map((path) => whyNot(path, user)).find((why) => why !== null);
  if (refused === undefined) return user;
  if (name !== undefined) throw new UsageError(`can't become user ${name}: ${refused}`, 'name another folder or user');
  if (!quiet) process.stderr.write(`teardown: stays root, since ${plain(refused!)} (--user NAME names another)\n`);
  return null;
}

/** Null where a file can be made there, or it is not a question of rights. */
function whyNot(path: string, user: User): string | null {
  if (!existsSync(dirname(path))) return null;
  const blocked = inTheWay(path, user);
  return blocked === null ? null : `user ${user.name} may not write to ${blocked}`;
}
