/** The byte that a SYN leaves of its options and window. */
import { describe, expect, test } from 'vitest';
import {
  layoutOf,
  SYN_LAYOUTS,
  SYN_ORDERS,
  SYN_WINDOWS,
  synFingerprint,
  windowOf,
} from '../../src/decode/syn-options.ts';

const BYTES: Record<string, number[]> = {
  eol: [0],
  nop: [1],
  mss: [2, 4, 5, 180],
  ws: [3, 3, 7],
  sackOK: [4, 2],
  TS: [8, 10, 0, 0, 0, 1, 0, 0, 0, 0],
  other: [34, 2],
};

function layout(options: readonly number[], whole = true): string | null {
  const data = Uint8Array.from(options);
  return layoutOf(synFingerprint(data, 0, whole ? data.length : 0, 0));
}

describe('the order of options', () => {
  test.each(SYN_LAYOUTS)('%s', (name) => {
    const options = name.split(',').flatMap((kind) => BYTES[kind]!);
    expect(layout(options)).toBe(name);
    // What stands behind the end of the list is no option.
    expect(layout([...options, ...(name.endsWith('eol') ? [1, 0, 0] : [])])).toBe(name);
    // A list that is cut is another one, or none.
    expect(layout(options.slice(0, -2))).not.toBe(name);
  });

  test('no two of them are the same, and a byte holds them', () => {
    expect(new Set(SYN_ORDERS).size).toBe(SYN_LAYOUTS.length);
    expect(SYN_LAYOUTS.length).toBeLessThan(32);
    expect(SYN_WINDOWS.length).toBeLessThan(8);
  });

  test.each<[string, number[]]>([
    ['none', []],
    ['a length of 1', [2, 1, 5, 180]],
    ['a length beyond the end', [2, 4, 5, 180, 8, 10, 0, 0]],
    ['no length', [2, 4, 5, 180, 3]],
    ['eleven and more', Array.from({ length: 40 }, () => 1)],
    ['a kind of no known one first', [34, 2, 2, 4, 5, 180]],
  ])('is not known of %s', (_, options) => {
    expect(layout(options)).toBeNull();
  });
});

test('windows', () => {
  for (const window of SYN_WINDOWS) expect(windowOf(synFingerprint(new Uint8Array(0), 0, 0, window))).toBe(window);
  for (const window of [0, 1, 5840, 65534]) {
    expect(windowOf(synFingerprint(new Uint8Array(0), 0, 0, window))).toBeNull();
  }
});
