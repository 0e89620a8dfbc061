/** What a terminal shows: ANSI colours, widths in columns, and text that cannot harm it. */

import type { Finding, TcpState } from '../report/types.ts';

export type Paint = (text: string) => string;

/** Colours by meaning, from the 16 that every terminal has. Each is beside a word, so that none is needed. */
export interface Style {
  bold: Paint;
  dim: Paint;
  /** resets */
  alarm: Paint;
  severity: Record<Finding['severity'], Paint>;
  state: Record<TcpState, Paint>;
}

const asIs: Paint = (text) => text;

/** The colours, or none of them. */
export function styleOf(color: boolean): Style {
  const sgr = (codes: string): Paint => (color ? (text) => (text === '' ? '' : `\x1b[${codes}m${text}\x1b[0m`) : asIs);
  return {
    bold: sgr('1'),
    dim: sgr('2'),
    alarm: sgr('1;31'),
    severity: { critical: sgr('1;31'), warning: sgr('1;33'), info: sgr('1;36') },
    // Warm is the active closer, cool the passive one.
    state: {
      SYN_SENT: sgr('32'),
      SYN_RECEIVED: sgr('32'),
      ESTABLISHED: asIs,
      FIN_WAIT_1: sgr('33'),
      FIN_WAIT_2: sgr('93'),
      CLOSING: sgr('35'),
      TIME_WAIT: sgr('31'),
      CLOSE_WAIT: sgr('96'),
      LAST_ACK: sgr('94'),
      CLOSED: sgr('2'),
    },
  };
}

// Controls, and the marks that turn the direction of text: a file's name must not write on the terminal.
const UNSAFE = /[\p{Cc}\p{Cs}\u200e\u200f\u061c\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** Text with control characters written out: ESC becomes "\x1b". */
export function plain(text: string): string {
  return text.replace(UNSAFE, (char) => {
    const code = char.codePointAt(0) ?? 0;
    return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

const ANSI = /\x1b\[[0-9;]*m/g;
const ASCII = /^[\x20-\x7e]*$/;
const NO_COLUMN = /^[\p{M}\p{Cf}]$/u;
// East Asian wide and fullwidth (Unicode's EastAsianWidth.txt, by block) and what is drawn as a picture.
const TWO_COLUMNS =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1b000}-\u{1b2ff}\u{20000}-\u{3fffd}\p{Emoji_Presentation}]$/u;

function charWidth(char: string): number {
  // What most text is made of needs no tables.
  if (char >= ' ' && char <= '~') return 1;
  if (NO_COLUMN.test(char)) return 0;
  return TWO_COLUMNS.test(char) ? 2 : 1;
}

/** Columns that a text takes; colours take none. */
export function widthOf(text: string): number {
  if (ASCII.test(text)) return text.length;
  let width = 0;
  for (const char of text.replace(ANSI, '')) width += charWidth(char);
  return width;
}

/** The longest beginning of an uncoloured text that fits `width` columns. */
function head(text: string, width: number): string {
  let used = 0;
  let kept = '';
  for (const char of text) {
    used += charWidth(char);
    if (used > width) break;
    kept += char;
  }
  return kept;
}

/** An uncoloured text cut to `width` columns, "…" for the end that was cut. */
export function clip(text: string, width: number): string {
  return widthOf(text) <= width ? text : `${head(text, Math.max(0, width - 1))}…`.slice(0, width < 1 ? 0 : undefined);
}

/** An uncoloured text cut to `width` columns, "…" for the middle that was cut: an address keeps its port. */
export function clipMiddle(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  if (width < 3) return clip(text, width);
  const tail = Math.floor((width - 1) * 0.6);
  const end = [...head([...text].reverse().join(''), tail)].reverse().join('');
  return `${head(text, width - 1 - widthOf(end))}…${end}`;
}

/** Fills up with spaces to `width` columns. */
export function pad(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const space = ' '.repeat(Math.max(0, width - widthOf(text)));
  return align === 'left' ? text + space : space + text;
}

// A number stays with its unit, and "1 min" with "26 s".
const BEFORE_UNIT = /(?<=\d)\s(?=(?:[mµn]?s|min|h|d|%|×)(?!\w))|(?<=\d\s(?:min|h|d))\s(?=\d+\s(?:s|min|h)(?!\w))/g;

/** Lines of at most `width` columns, broken at spaces but not at no-break ones; within a word only where it is wider. */
export function wrap(text: string, width: number): string[] {
  const room = Math.max(2, width);
  const lines: string[] = [];
  let line = '';
  for (const each of text.replace(BEFORE_UNIT, '\u00a0').split(/[^\S\u00a0]+/)) {
    let word = plain(each.replaceAll('\u00a0', ' '));
    if (word === '') continue;
    if (line !== '' && widthOf(line) + 1 + widthOf(word) <= room) {
      line += ` ${word}`;
      continue;
    }
    if (line !== '') lines.push(line);
    for (; widthOf(word) > room; word = word.slice(lines.at(-1)?.length)) lines.push(head(word, room));
    line = word;
  }
  return line === '' ? lines : [...lines, line];
}

/** A paragraph: `first` before its first line, as many spaces before the others. */
export function hang(first: string, text: string, width: number, paint: Paint = asIs): string[] {
  const indent = widthOf(first);
  return wrap(text, width - indent).map((line, index) => (index === 0 ? first : ' '.repeat(indent)) + paint(line));
}

/** As hang(), of words with `code`: that is painted, without its backquotes. Where they are not in pairs they stay. */
export function hangCode(first: string, text: string, width: number, code: Paint): string[] {
  const parts = spansOf(text);
  if (parts === null) return hang(first, text, width);
  // Wrapping changes nothing but spaces, so the other characters tell where code begins and ends.
  const isCode = parts.flatMap((part, index) => Array.from(part.replace(/\s/g, ''), () => index % 2 === 1));
  let at = 0;
  const painted = (line: string): string =>
    line
      .split(' ')
      .map((word) => {
        const from = at;
        at += [...word].length;
        return paintRuns([...word], isCode.slice(from, at), code);
      })
      .join(' ');
  const indent = widthOf(first);
  const lines = wrap(parts.join(''), width - indent);
  return lines.map((line, index) => (index === 0 ? first : ' '.repeat(indent)) + painted(line));
}

/** The text without the backquotes around code. */
export function withoutCodeMarks(text: string): string {
  return spansOf(text)?.join('') ?? text;
}

/** Prose and code in turn, printable; null where backquotes are not in pairs. */
function spansOf(text: string): string[] | null {
  const parts = plain(text.replace(/\s+/g, ' ')).split('`');
  return parts.length % 2 === 1 ? parts : null;
}

function paintRuns(chars: readonly string[], marked: readonly boolean[], paint: Paint): string {
  let result = '';
  for (let from = 0; from < chars.length; ) {
    let to = from + 1;
    while (to < chars.length && marked[to] === marked[from]) to++;
    const run = chars.slice(from, to).join('');
    result += marked[from] ? paint(run) : run;
    from = to;
  }
  return result;
}
