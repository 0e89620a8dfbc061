/** Splits a --where expression into words, quoted strings and symbols. */

import { quote, WhereError } from './error.ts';

export interface Token {
  kind: 'word' | 'string' | 'symbol' | 'end';
  /** without quotes and backslashes where it was quoted */
  text: string;
  /** 0-based offset and length in the expression, quotes included */
  position: number;
  length: number;
}

const SYMBOL = /\|\||&&|==|!=|<=|>=|\.\.|[!<>(){},]/y;
/** Base64 ends a Community ID in `=`, which is part of no other word. */
const COMMUNITY_ID = /1:[A-Za-z0-9+/]{27}=/y;
/** Letters of any script, so that an error marks the whole of a foreign word. */
const WORD_CHARACTER = /[\p{L}\p{N}\p{M}_:/+%\-[\]]/u;

const HINTS: Readonly<Record<string, string>> = {
  '=': 'a single = compares nothing: write ==',
  '&': 'a single & means nothing here: write && or and',
  '|': 'a single | means nothing here: write || or or',
  '~': 'patterns are not supported: write contains',
  ';': 'one expression only: join conditions with && or ||',
};

/** The tokens of an expression, an `end` token last. @throws WhereError for a character that no token begins with */
export function tokenize(expression: string): Token[] {
  const tokens: Token[] = [];
  let position = 0;
  const add = (kind: Token['kind'], text: string, length: number) => {
    tokens.push({ kind, text, position, length });
    position += length;
  };
  while (position < expression.length) {
    const character = expression[position]!;
    if (/\s/.test(character)) {
      position++;
      continue;
    }
    if (character === '"' || character === "'") {
      const { text, length } = readString(expression, position);
      add('string', text, length);
      continue;
    }
    const fixed = matchAt(SYMBOL, expression, position);
    if (fixed !== null) {
      add('symbol', fixed, fixed.length);
      continue;
    }
    const word = matchAt(COMMUNITY_ID, expression, position) ?? readWord(expression, position);
    if (word === '') {
      const point = String.fromCodePoint(expression.codePointAt(position)!);
      const hint = HINTS[point] ?? `${quote(point)} has no meaning here`;
      throw new WhereError(expression, position, point.length, hint);
    }
    add('word', word, word.length);
  }
  add('end', '', 1);
  return tokens;
}

function matchAt(pattern: RegExp, text: string, position: number): string | null {
  pattern.lastIndex = position;
  return pattern.exec(text)?.[0] ?? null;
}

/** A dot belongs to a word, two dots are the symbol of a range. */
function readWord(text: string, start: number): string {
  let end = start;
  while (end < text.length) {
    const point = String.fromCodePoint(text.codePointAt(end)!);
    if (point === '.' ? text[end + 1] === '.' : !WORD_CHARACTER.test(point)) break;
    end += point.length;
  }
  return text.slice(start, end);
}

/** A string in either kind of quotes; a backslash takes the next character as it is. */
function readString(expression: string, start: number): { text: string; length: number } {
  const parts: string[] = [];
  let from = start + 1;
  for (let i = from; i < expression.length; i++) {
    if (expression[i] === '\\') {
      parts.push(expression.slice(from, i));
      from = ++i;
    } else if (expression[i] === expression[start]) {
      parts.push(expression.slice(from, i));
      return { text: parts.join(''), length: i + 1 - start };
    }
  }
  throw new WhereError(expression, start, 1, `the string that begins here has no closing ${expression[start]}`);
}
