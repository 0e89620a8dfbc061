import { basename } from 'node:path';

/** What files are called in the report: base names; of files with the same one the paths, since nobody could tell which is meant. */
export function namesOf(paths: readonly string[]): string[] {
  const times = new Map<string, number>();
  for (const path of new Set(paths)) times.set(basename(path), (times.get(basename(path)) ?? 0) + 1);
  return paths.map((path) => (times.get(basename(path)) === 1 ? basename(path) : path));
}
