/** From what a user names - files, folders, patterns - to the files to be read. */
import { readdirSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { PlainPlace } from '../kernel/place.ts';
import { InputError, NoCaptureError, systemError } from './errors.ts';
import { expandPattern, isPattern } from './glob.ts';
import { openCapture } from './open.ts';
import { WindowPool } from './window.ts';

/** Files of a folder that are no captures. */
export interface LeftOut {
  /** as it was named */
  folder: string;
  /** base names, sorted */
  files: string[];
}

export interface FoundCaptures {
  /** in the order in which they were named, a folder's by their names; '-' is standard input */
  files: string[];
  /** of the folders that hold other files too */
  leftOut: LeftOut[];
}

/** What a file is judged by, bytes: compressed or not, its first ones are enough. */
const PROBE_BYTES = 4096;

/**
 * Finds the captures that are meant: a file is itself; a folder stands for all captures in it, told by their first bytes, not for
 * what is in its folders or hidden; a pattern (`trace*.pcap`) that is no file's name for the files and folders that match it.
 * @param operands paths or patterns; '-' is standard input
 * @throws InputError where a folder holds no capture or can't be read, or nothing matches a pattern
 */
export async function findCaptures(operands: readonly string[]): Promise<FoundCaptures> {
  const found: FoundCaptures = { files: [], leftOut: [] };
  for (const operand of operands) {
    if (operand === '-' || statOf(operand) !== null || !isPattern(operand)) await add(operand, found);
    else {
      const paths = expandPattern(operand);
      if (paths.length === 0) {
        throw new InputError(`can't open ${operand}`, 'no file matches', 'check the pattern, and the folder');
      }
      for (const path of paths) await add(path, found);
    }
  }
  return found;
}

async function add(path: string, found: FoundCaptures): Promise<void> {
  if (path === '-' || statOf(path)?.isDirectory() !== true) found.files.push(path);
  else await addFolder(path, found);
}

async function addFolder(folder: string, found: FoundCaptures): Promise<void> {
  const pool = new WindowPool(new PlainPlace());
  const captures: string[] = [];
  const others: string[] = [];
  for (const name of filesIn(folder)) {
    const path = join(folder, name);
    if (await isCapture(path, pool)) captures.push(path);
    else others.push(name);
  }
  if (captures.length === 0) {
    throw new InputError(
      `can't read ${folder}`,
      'holds no captures',
      'captures in its folders do not count: name these',
    );
  }
  found.files.push(...captures);
  if (others.length > 0) found.leftOut.push({ folder, files: others });
}

/** Names of the regular files that are not hidden. */
function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => !name.startsWith('.') && statOf(join(folder, name))?.isFile() === true)
      .sort();
  } catch (error) {
    throw systemError(folder, error);
  }
}

/** @throws InputError where it can't be told, or it is a capture that can't be read */
async function isCapture(path: string, place: WindowPool): Promise<boolean> {
  try {
    const capture = await openCapture(path, { windowBytes: PROBE_BYTES, place, filesStayOpen: true });
    capture.close();
    return true;
  } catch (error) {
    if (error instanceof NoCaptureError) return false;
    throw error;
  }
}

/** Null where there is nothing, or nothing can be known of it: opening it will tell why. */
function statOf(path: string): Stats | null {
  try {
    return statSync(path);
  } catch {
    return null;
  }
}
