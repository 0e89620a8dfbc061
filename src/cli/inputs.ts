import { findCaptures, type LeftOut } from '../input/find.ts';
import { plain } from '../output/style.ts';

/** Files named of those that were left out. */
const MOST_NAMED = 3;

/**
 * The captures that the operands mean; files of a folder that are none are told of on standard error.
 * @throws InputError
 */
export async function capturesOf(operands: readonly string[], quiet: boolean): Promise<string[]> {
  const { files, leftOut } = await findCaptures(operands);
  if (!quiet) for (const each of leftOut) process.stderr.write(`teardown: ${plain(describeLeftOut(each))}\n`);
  return files;
}

function describeLeftOut({ folder, files }: LeftOut): string {
  const what = files.length === 1 ? '1 file that holds no capture' : `${files.length} files that hold no capture`;
  const rest = files.length > MOST_NAMED ? ', ...' : '';
  return `left out of ${folder}: ${what} (${files.slice(0, MOST_NAMED).join(', ')}${rest})`;
}
