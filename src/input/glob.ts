/** Patterns of file names as a shell expands them, for where no shell did: cmd.exe, and quoted ones. */
import { existsSync, readdirSync } from 'node:fs';
import { parse, sep } from 'node:path';

const WILDCARDS = /[*?[]/;

export function isPattern(text: string): boolean {
  return WILDCARDS.test(text);
}

/**
 * The names that exist and match, sorted. `*`, `?` and `[...]` stand for characters within one name of a path; names
 * that begin with a dot match only what does too.
 */
export function expandPattern(pattern: string): string[] {
  const { root } = parse(pattern);
  let found = [root];
  for (const part of pattern.slice(root.length).split(sep === '\\' ? /[\\/]/ : '/')) {
    if (part === '') continue;
    const at = (base: string, name: string) => (base === root ? `${base}${name}` : `${base}${sep}${name}`);
    found = isPattern(part)
      ? found.flatMap((base) => namesIn(base === '' ? '.' : base, part).map((name) => at(base, name)))
      : found.map((base) => at(base, part));
  }
  return found.filter((path) => existsSync(path));
}

function namesIn(folder: string, pattern: string): string[] {
  try {
    const isWanted = (name: string) => name.startsWith('.') === pattern.startsWith('.') && matches(name, pattern);
    return readdirSync(folder).filter(isWanted).sort();
  } catch {
    return []; // it is no folder, or it can't be read: nothing in it matches
  }
}

/** Whether all of a name matches. Goes back to the last `*` only, so that no pattern takes long. */
export function matches(name: string, pattern: string): boolean {
  let star = -1;
  let resume = 0;
  let p = 0;
  for (let n = 0; n < name.length || p < pattern.length; ) {
    if (pattern[p] === '*') {
      star = ++p;
      resume = n;
      continue;
    }
    const length = n < name.length ? matchOne(name[n]!, pattern, p) : 0;
    if (length > 0) {
      p += length;
      n++;
    } else if (star >= 0 && resume < name.length) {
      p = star;
      n = ++resume;
    } else return false;
  }
  return true;
}

/** How many characters of the pattern stand for this one; 0: it does not match. */
function matchOne(character: string, pattern: string, at: number): number {
  if (pattern[at] === '?') return 1;
  // A `]` that comes first is one of the set.
  const set = pattern[at] === '[' ? /^\[([!^]?)(\]?[^\]]*)\]/.exec(pattern.slice(at)) : null;
  if (set === null) return pattern[at] === character ? 1 : 0;
  const [whole, negation, members] = set;
  return isMember(character, members!) === (negation === '') ? whole.length : 0;
}

/** @param members of a set, as in `a-z_` */
function isMember(character: string, members: string): boolean {
  for (let i = 0; i < members.length; ) {
    const isRange = members[i + 1] === '-' && i + 2 < members.length;
    const last = isRange ? members[i + 2]! : members[i]!;
    if (character >= members[i]! && character <= last) return true;
    i += isRange ? 3 : 1;
  }
  return false;
}
