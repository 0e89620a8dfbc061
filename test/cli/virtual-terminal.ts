/** As much of a terminal as the screen uses: what stands on its lines after some output. */

import { widthOf } from '../../src/output/style.ts';

/** CSI sequences, line ends, and text. */
const PARTS = /\x1b\[(\??)([\d;]*)([A-Za-z])|\r\n|\r|\n|[^\x1b\r\n]/gu;

export class VirtualTerminal {
  lines: string[][] = [];
  alternate = false;
  cursorShown = true;
  wraps = true;
  private row = 0;
  private column = 0;

  write(output: string): this {
    for (const [part, mark, numbers = '', final] of output.matchAll(PARTS)) {
      if (final === undefined) this.text(part);
      else if (mark === '?') this.mode(numbers, final === 'h');
      else this.control(numbers, final);
    }
    return this;
  }

  /** Lines without spaces at their ends, down to the last that is not empty. */
  get shown(): string {
    return this.lines
      .map((line) =>
        Array.from(line, (char) => char ?? ' ')
          .join('')
          .trimEnd(),
      )
      .join('\n')
      .trimEnd();
  }

  private mode(number: string, on: boolean): void {
    if (number === '1049') this.alternate = on;
    if (number === '25') this.cursorShown = on;
    if (number === '7') this.wraps = on;
  }

  private control(numbers: string, final: string): void {
    if (final === 'H') [this.row, this.column] = numbers.split(';').map((each) => Number(each) - 1) as [number, number];
    else if (final === 'J') this.lines = [];
    else if (final === 'K') this.lines[this.row]?.splice(this.column);
    else if (final !== 'm')
      throw new Error(`the screen writes CSI ${numbers}${final}, which this terminal does not know`);
  }

  private text(char: string): void {
    if (char === '\n' || char === '\r\n') this.row++;
    if (char === '\r' || char === '\r\n') this.column = 0;
    if (/[\r\n]/.test(char)) return;
    const line = this.lines[this.row] ?? [];
    this.lines[this.row] = line;
    for (let width = widthOf(char); width > 0; width--) line[this.column++] = width === widthOf(char) ? char : '';
  }
}
