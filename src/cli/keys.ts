/** Bytes from a terminal in raw mode as keys: xterm's sequences, which the Linux console, tmux and screen send too. */

import { StringDecoder } from 'node:string_decoder';
import type { Key, KeyName } from '../output/screen/state.ts';

/** By the final letter, behind ESC [ or ESC O. */
const LETTERS: Partial<Record<string, KeyName>> = {
  A: 'up',
  B: 'down',
  C: 'right',
  D: 'left',
  H: 'home',
  F: 'end',
  Z: 'back-tab',
  M: 'enter',
};

/** By the number in ESC [ number ~. */
const NUMBERS: Partial<Record<string, KeyName>> = {
  1: 'home',
  4: 'end',
  5: 'page-up',
  6: 'page-down',
  7: 'home',
  8: 'end',
};

const CONTROLS: Partial<Record<string, KeyName>> = {
  '\r': 'enter',
  '\n': 'enter',
  '\t': 'tab',
  '\b': 'backspace',
  '\x7f': 'backspace',
  '\x03': 'interrupt',
  '\x1a': 'suspend',
  '\x0c': 'redraw',
  '\x15': 'delete-line',
  '\x02': 'page-up',
  '\x06': 'page-down',
  '\x01': 'home',
  '\x05': 'end',
  '\x10': 'up',
  '\x0e': 'down',
};

/** CSI: parameters, intermediate bytes, a final one (ECMA-48 section 5.4); Linux' function keys: ESC [ [ letter. */
const SEQUENCE = /^\x1b(?:\[\[[A-E]|\[([0-?]*)[ -/]*([@-~])|O([ -~]))/;
const BEGINNING = /^\x1b(?:\[\[?[0-?]*[ -/]*|O)?$/;
/** A sequence that is longer than this is none. */
const LONGEST = 64;

export class KeyDecoder {
  private readonly decoder = new StringDecoder('utf8');
  private pending = '';

  /** @returns the keys that are whole */
  feed(bytes: Uint8Array): Key[] {
    let text = this.pending + this.decoder.write(bytes);
    this.pending = '';
    const keys: Key[] = [];
    while (text !== '') {
      if (text.startsWith('\x1b') && BEGINNING.test(text) && text.length < LONGEST) {
        this.pending = text;
        break;
      }
      const [key, length] = oneKey(text);
      if (key !== null) keys.push(key);
      text = text.slice(length);
    }
    return keys;
  }

  /** Whether something waits for the rest of a sequence, which for the key Esc never comes. */
  get waits(): boolean {
    return this.pending !== '';
  }

  /** What waits, taken as it is: Esc. */
  flush(): Key[] {
    const had = this.pending;
    this.pending = '';
    return had === '' ? [] : [{ name: 'escape' }];
  }
}

/** The first key of a text and its length; null: no key that is known. */
function oneKey(text: string): [Key | null, number] {
  const char = String.fromCodePoint(text.codePointAt(0) ?? 0);
  if (char !== '\x1b') return [plainKey(char), char.length];
  const found = SEQUENCE.exec(text);
  if (found === null) {
    const next = text.slice(1, 2);
    // Esc twice is Esc; with a letter it is Alt and that letter, which nothing here listens to.
    return next === '\x1b' ? [{ name: 'escape' }, 1] : [null, 2];
  }
  const [whole, parameters = '', final, single] = found;
  const name = final === '~' ? NUMBERS[parameters.split(';')[0] ?? ''] : LETTERS[final ?? single ?? ''];
  return [name === undefined ? null : { name }, whole.length];
}

function plainKey(char: string): Key | null {
  const name = CONTROLS[char];
  if (name !== undefined) return { name };
  return char < ' ' ? null : { name: 'text', text: char };
}
