/** What is wrong in a --where expression, and where. */

/** Columns of the expression that a rendered error shows at most. */
const WINDOW = 100;
/** Columns kept to the left of the marked place where the expression is longer than that. */
const LEAD = 40;

/** An expression that is not valid. `message` is one line without the expression. */
export class WhereError extends Error {
  /** 0-based offset of the marked place in the expression, UTF-16 code units */
  readonly position: number;
  /** UTF-16 code units marked, at least 1 (the place after the last character counts as one) */
  readonly length: number;
  /** three lines: the message, the expression, carets below the place */
  readonly rendered: string;

  constructor(expression: string, position: number, length: number, message: string) {
    super(message);
    this.name = 'WhereError';
    this.position = position;
    this.length = Math.max(1, length);
    this.rendered = `${message}\n${mark(expression, position, this.length)}`;
  }
}

/** A piece of the user's text as it may stand in a message: quoted, on one line, at most 40 characters. */
export function quote(text: string): string {
  const points = Array.from(text.slice(0, 100));
  return `"${printable(points.length > 40 ? [...points.slice(0, 39), '…'] : points)}"`;
}

/** One character in, one character out, so that carets stay below their place; nothing that moves a terminal's cursor. */
function printable(points: string[]): string {
  return points.map((point) => (/\s/u.test(point) ? ' ' : /\p{C}/u.test(point) ? '\uFFFD' : point)).join('');
}

function mark(expression: string, position: number, length: number): string {
  const before = Array.from(expression.slice(Math.max(0, position - 2 * WINDOW), position));
  const marked = Array.from(expression.slice(position, position + Math.min(length, 2 * WINDOW)));
  const after = Array.from(expression.slice(position + length, position + length + 2 * WINDOW));
  const whole = expression.length <= WINDOW;
  const left = whole || position <= LEAD ? before : ['…', ...before.slice(-LEAD)];
  const room = WINDOW - left.length;
  const rest = [...marked, ...after];
  const right = whole || rest.length <= room ? rest : [...rest.slice(0, room - 1), '…'];
  const carets = Math.max(1, Math.min(marked.length, right.length));
  return `  ${printable(left)}${printable(right)}\n  ${' '.repeat(left.length)}${'^'.repeat(carets)}`;
}
