/** House rules that a compiler does not check. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { codeOf, filesUnder, ROOT, read, trackedFiles } from './sources.ts';

/** A file is to be read in one sitting. */
const MOST_LINES = 320;
const PROGRAMS = ['src', 'assembly', 'test', 'bench', 'fuzz', 'scripts'].flatMap((folder) => [
  ...filesUnder(folder, '.ts'),
  ...filesUnder(folder, '.tsx'),
]);

function linesThat(pattern: RegExp, files: readonly string[], prepare = (text: string) => text): string[] {
  return files.flatMap((file) =>
    prepare(read(file))
      .split('\n')
      .flatMap((line, i) => (pattern.test(line) ? [`${file}:${i + 1}: ${line.trim()}`] : [])),
  );
}

describe('every program', () => {
  test(`has at most ${MOST_LINES} lines a file`, () => {
    const long = PROGRAMS.map((file) => ({ file, lines: read(file).split('\n').length - 1 }));
    expect(long.filter(({ lines }) => lines > MOST_LINES)).toEqual([]);
  });

  test('is typed: no any', () => {
    const untyped = /(?:[:<,(|&]|\bas|=>|=)\s*any\b(?!\s*[:(])|\bany\[\]/;
    expect(linesThat(untyped, PROGRAMS, (text) => codeOf(text))).toEqual([]);
  });

  test('is checked: no comment switches a check off', () => {
    expect(
      linesThat(/@ts-(?:ignore|expect-error|nocheck)|(?:biome|eslint|prettier)-(?:ignore|disable)/, PROGRAMS),
    ).toEqual([]);
  });

  test('is complete: nothing is put off', () => {
    expect(linesThat(/\b(?:TO(?:DO)|FIX(?:ME)|XX(?:X)|HA(?:CK))\b|not (?:yet )?implemente(?:d)/, PROGRAMS)).toEqual([]);
  });

  test('runs all its tests', () => {
    // shared.ts skips by name what needs files or programs that are missing, and with CI=1 fails instead.
    const files = PROGRAMS.filter((file) => file !== 'test/support/shared.ts');
    const pattern = /\b(?:it|test|describe|suite)\.(?:skip|only|todo|fails)\b/;
    expect(linesThat(pattern, files, (text) => codeOf(text))).toEqual([]);
  });
});

test('no file names a place on the machine where it was written', () => {
  const place = /(?:^|[\s"'`(=:])(?:\/(?:home|root|work|Users)\/[\w.-]+|[A-Z]:\\+Users\\)/;
  const wrong = trackedFiles()
    .filter((file) => statSync(join(ROOT, file)).size < 4 << 20)
    .flatMap((file) =>
      readFileSync(join(ROOT, file), 'latin1')
        .split('\n')
        .flatMap((line, i) => (place.test(line) ? [`${file}:${i + 1}`] : [])),
    );
  expect(wrong).toEqual([]);
});

test('ARCHITECTURE.md tells of every folder of src', () => {
  const text = read('ARCHITECTURE.md');
  const folders = readdirSync(join(ROOT, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(folders.map(({ name }) => name).filter((name) => !text.includes(`${name}/`))).toEqual([]);
});
