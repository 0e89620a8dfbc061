import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeyDecoder } from '../../src/cli/keys.ts';

/** Names, and text in quotes. */
function keys(...chunks: (string | Uint8Array)[]): string[] {
  const decoder = new KeyDecoder();
  const all = chunks.flatMap((chunk) => decoder.feed(typeof chunk === 'string' ? Buffer.from(chunk) : chunk));
  return [...all, ...decoder.flush()].map((key) => (key.name === 'text' ? `'${key.text}'` : key.name));
}

describe('keys of a terminal', () => {
  it.each([
    ['\x1b[A\x1b[B\x1b[C\x1b[D', ['up', 'down', 'right', 'left']],
    ['\x1bOA\x1bOB\x1bOC\x1bOD', ['up', 'down', 'right', 'left']],
    [
      '\x1b[H\x1b[F\x1bOH\x1bOF\x1b[1~\x1b[4~\x1b[7~\x1b[8~',
      ['home', 'end', 'home', 'end', 'home', 'end', 'home', 'end'],
    ],
    ['\x1b[5~\x1b[6~', ['page-up', 'page-down']],
    ['\x1b[1;5A\x1b[5;2~', ['up', 'page-up']],
    ['\t\x1b[Z', ['tab', 'back-tab']],
    ['\r\n\x1bOM', ['enter', 'enter', 'enter']],
    ['\x03\x1a\x0c\x15', ['interrupt', 'suspend', 'redraw', 'delete-line']],
    ['\x7f\b', ['backspace', 'backspace']],
    ['a/?漢😀', ["'a'", "'/'", "'?'", "'漢'", "'😀'"]],
    ['\x1b', ['escape']],
    ['\x1b\x1b', ['escape', 'escape']],
    ['\x1b\x1b[A', ['escape', 'up']],
  ])('%j', (text, expected) => expect(keys(text)).toEqual(expected));

  it.each([
    '\x1bq',
    '\x1b[2~',
    '\x1b[15~',
    '\x1bOP',
    '\x1b[[A',
    '\x1b[<0;3;4M',
    '\x1b[?1;2c',
    '\x1b[200~',
    '\x00',
    '\x1d',
  ])('%j is no key that is listened to, and not its letters either', (text) =>
    expect(keys(text).filter((name) => name !== 'enter')).toEqual([]),
  );

  it('are the same in whatever pieces they come', () => {
    const whole = 'a\x1b[A\x1bOB漢\x1b[5~\x1b[1;5C\r';
    const bytes = Buffer.from(whole);
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length)), (cuts) => {
        const edges = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        expect(keys(...edges.slice(1).map((to, index) => bytes.subarray(edges[index], to)))).toEqual(keys(whole));
      }),
    );
  });

  it('wait for the rest of a sequence, and take Esc for itself when none comes', () => {
    const decoder = new KeyDecoder();
    expect(decoder.feed(Buffer.from('\x1b'))).toEqual([]);
    expect(decoder.waits).toBe(true);
    expect(decoder.flush()).toEqual([{ name: 'escape' }]);
    expect(decoder.waits).toBe(false);
    expect(decoder.flush()).toEqual([]);
  });

  it('no bytes bring it down, or make it wait without end', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const decoder = new KeyDecoder();
        decoder.feed(bytes);
        decoder.feed(Buffer.from('0'.repeat(64)));
        expect(decoder.feed(Buffer.from('xx'))).toHaveLength(2);
      }),
    );
  });
});
