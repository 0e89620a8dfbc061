import { expect, test } from 'vitest';
import { ByteWindow, MAX_WINDOW_BYTES } from '../../src/input/window.ts';

test('compact moves what is unread to the front and keeps count of the stream offset', () => {
  const window = new ByteWindow(8);
  window.data.set([1, 2, 3, 4, 5, 6]);
  window.end = 6;
  window.pos = 4;
  window.compact();
  expect([...window.data.subarray(window.pos, window.end)]).toEqual([5, 6]);
  expect(window.offset).toBe(4);
});

test('a window grows only when it is full of unread bytes', () => {
  const window = new ByteWindow(8);
  window.end = 8;
  window.pos = 1;
  window.ensureRoom();
  expect(window.data.length).toBe(8);
  window.end = 8;
  window.data[7] = 9;
  window.ensureRoom();
  expect(window.data.length).toBe(16);
  expect(window.data[7]).toBe(9);
});

test('a window never grows beyond its bound', () => {
  const window = new ByteWindow(MAX_WINDOW_BYTES);
  window.end = MAX_WINDOW_BYTES;
  expect(() => window.ensureRoom()).toThrow(RangeError);
});
