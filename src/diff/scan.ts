/** Finds the members of an object, or the items of a list, in the bytes of a JSON text, so that each can be parsed alone. */

/** Where a value stands, from its first byte to behind its last one. */
export interface Range {
  from: number;
  to: number;
}

/** What is no JSON. */
export class NoJson extends Error {
  override readonly name = 'NoJson';
  readonly offset: number;

  constructor(offset: number) {
    super(`no JSON at byte ${offset}`);
    this.offset = offset;
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
/** Of an object, of a list. */
const OPEN = [0x7b, 0x5b] as const;
const CLOSE = [0x7d, 0x5d] as const;

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** The first byte from `at` on that is no white space. */
export function skipSpace(bytes: Uint8Array, at: number): number {
  let next = at;
  while (isSpace(bytes[next])) next++;
  return next;
}

/** Behind the string that begins at `at`. */
function afterString(bytes: Uint8Array, at: number): number {
  for (let i = at + 1; i < bytes.length; i++) {
    const byte = bytes[i];
    if (byte === QUOTE) return i + 1;
    if (byte === BACKSLASH) i++;
  }
  throw new NoJson(bytes.length);
}

/** Behind the value that begins at `at`: up to a comma or the end of what it is in. What it is made of, parsing checks. */
function afterValue(bytes: Uint8Array, at: number): number {
  let depth = 0;
  for (let i = at; i < bytes.length; i++) {
    const byte = bytes[i]!;
    if (byte === QUOTE) i = afterString(bytes, i) - 1;
    else if (byte === OPEN[0] || byte === OPEN[1]) depth++;
    else if (byte === CLOSE[0] || byte === CLOSE[1]) {
      if (depth === 0) return i;
      depth--;
    } else if (byte === COMMA && depth === 0) return i;
  }
  throw new NoJson(bytes.length);
}

/** Walks through a list or an object. @returns behind its end */
function walk(bytes: Uint8Array, at: number, kind: 0 | 1, item: (at: number) => number): number {
  if (bytes[at] !== OPEN[kind]) throw new NoJson(at);
  let next = skipSpace(bytes, at + 1);
  if (bytes[next] === CLOSE[kind]) return next + 1;
  for (;;) {
    next = skipSpace(bytes, item(next));
    if (bytes[next] === CLOSE[kind]) return next + 1;
    if (bytes[next] !== COMMA) throw new NoJson(next);
    next = skipSpace(bytes, next + 1);
  }
}

/** The members of the object that is the whole text, white space aside; null where one has the name of another. @throws NoJson */
export function membersOf(bytes: Uint8Array): Map<string, Range> | null {
  const members = new Map<string, Range>();
  let isTwice = false;
  const end = walk(bytes, skipSpace(bytes, 0), 0, (at) => {
    if (bytes[at] !== QUOTE) throw new NoJson(at);
    const behind = afterString(bytes, at);
    const name: unknown = parse(bytes, { from: at, to: behind });
    const colon = skipSpace(bytes, behind);
    if (bytes[colon] !== COLON) throw new NoJson(colon);
    const from = skipSpace(bytes, colon + 1);
    const to = afterValue(bytes, from);
    isTwice ||= members.has(String(name));
    members.set(String(name), { from, to });
    return to;
  });
  const rest = skipSpace(bytes, end);
  if (rest < bytes.length) throw new NoJson(rest);
  return isTwice ? null : members;
}

/** Hands over the items of a list, one at a time. @throws NoJson */
export function eachItem(bytes: Uint8Array, { from }: Range, take: (item: Range, index: number) => void): void {
  let index = 0;
  walk(bytes, from, 1, (at) => {
    const to = afterValue(bytes, at);
    take({ from: at, to }, index++);
    return to;
  });
}

const UTF8 = new TextDecoder();

/** The value of a range. @throws NoJson */
export function parse(bytes: Uint8Array, { from, to }: Range): unknown {
  try {
    return JSON.parse(UTF8.decode(bytes.subarray(from, to)));
  } catch {
    // Also a text longer than a string can be.
    throw new NoJson(from);
  }
}
