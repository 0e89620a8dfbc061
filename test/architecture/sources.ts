/** The repository's own files as text, for tests of how it is built. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, posix, relative, resolve, sep } from 'node:path';

export const ROOT = resolve(import.meta.dirname, '../..');

/** Files under a folder of the repository, as paths from its root with slashes. */
export function filesUnder(folder: string, ending = ''): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort();
}

export function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** What `git add .` would take: everything but .git and what .gitignore names. */
export function trackedFiles(folder = ''): string[] {
  const ignored = read('.gitignore')
    .split('\n')
    .filter((line) => line.endsWith('/'));
  return readdirSync(join(ROOT, folder)).flatMap((name) => {
    const path = posix.join(folder, name);
    if (name === '.git' || name.endsWith('.tmp')) return [];
    if (!statSync(join(ROOT, path)).isDirectory()) return [path];
    return ignored.some((line) => line === `${name}/` || line === `${path}/`) ? [] : trackedFiles(path);
  });
}

export interface Import {
  /** as written: './x.ts', 'node:fs', 'commander' */
  specifier: string;
  /** the file of the repository that is meant; null for packages and Node's modules */
  file: string | null;
}

/** Import and re-export statements, each at the start of its line as biome formats them, and import(). */
const STATEMENT = new RegExp(
  [
    String.raw`^import\s+(?:[^;'"]*?\bfrom\s+)?'([^'\n]+)'`,
    String.raw`^export\s+(?:type\s+)?(?:\*(?:\s+as\s+\w+)?|\{[^}]*\})\s+from\s+'([^'\n]+)'`,
    String.raw`\bimport\(\s*'([^'\n]+)'\s*\)`,
  ].join('|'),
  'gm',
);

export function importsOf(path: string): Import[] {
  return Array.from(codeOf(read(path), true).matchAll(STATEMENT), ([, imported, exported, called]) => {
    const specifier = imported ?? exported ?? called ?? '';
    return { specifier, file: specifier.startsWith('.') ? posix.join(dirname(path), specifier) : null };
  });
}

/** Comments, strings, templates and regular expressions: what is no code, in the order in which one may begin. */
const NO_CODE = new RegExp(
  [
    String.raw`\/\*[\s\S]*?\*\/`,
    String.raw`\/\/[^\n]*`,
    String.raw`'(?:\\.|[^'\\\n])*'`,
    String.raw`"(?:\\.|[^"\\\n])*"`,
    '`(?:\\\\.|[^`\\\\])*`',
    String.raw`(?<=[(,=:[!&|?{};+>\n]\s*)\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n])+\/`,
  ].join('|'),
  'g',
);

/** A program's text without comments, and without what stands in strings unless `strings`. */
export function codeOf(text: string, strings = false): string {
  return text.replace(NO_CODE, (match) => {
    if (match.startsWith('/*') || match.startsWith('//')) return match.replace(/[^\n]+/g, '');
    return strings ? match : "''";
  });
}
