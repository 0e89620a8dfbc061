import { describe, expect, test } from 'vitest';
import { ACK, FIN, PSH, RST, SYN } from '../../src/decode/segment.ts';
import { historyText, noteLetter, noteSegment } from '../../src/flow/history.ts';
import * as L from '../../src/flow/layout.ts';
import { H_GAP, H_RETRANSMITTED, H_ZERO_WINDOW } from '../../src/flow/letters.ts';
import { segment } from './segments.ts';

type Step = [side: number, flags: number, length?: number];

function historyOf(steps: Step[], client = 0): string {
  const ints = new Int32Array(L.RECORD_WORDS * 2);
  const at = L.RECORD_WORDS;
  for (const [side, flags, length = 0] of steps) noteSegment(ints, at, segment({ flags, length }), side);
  expect(ints.slice(0, at).some((word) => word !== 0)).toBe(false);
  return historyText(ints, at, client);
}

describe("Zeek's letters", () => {
  test.each<[string, Step[], string]>([
    ['nothing but a SYN', [[0, SYN]], 'S'],
    [
      'refused',
      [
        [0, SYN],
        [1, RST | ACK],
      ],
      'Sr',
    ],
    [
      'a handshake',
      [
        [0, SYN],
        [1, SYN | ACK],
        [0, ACK],
      ],
      'ShA',
    ],
    [
      'a request, an answer, the server closes',
      [
        [0, SYN],
        [1, SYN | ACK],
        [0, ACK],
        [0, PSH | ACK, 10],
        [1, ACK],
        [1, PSH | ACK, 5],
        [1, FIN | ACK],
        [0, FIN | ACK],
      ],
      'ShADadfF',
    ],
    ['data on a FIN: D before F', [[0, FIN | PSH | ACK, 10]], 'DF'],
    [
      'each letter once a direction',
      [
        [0, ACK],
        [0, ACK],
        [1, ACK],
        [0, ACK, 1],
        [0, ACK, 1],
      ],
      'AaD',
    ],
    [
      'a FIN or an RST that acknowledges is no A',
      [
        [0, FIN | ACK],
        [1, RST | ACK],
      ],
      'Fr',
    ],
  ])('%s', (_, steps, expected) => {
    expect(historyOf(steps)).toBe(expected);
    const mirrored = steps.map(([side, ...rest]): Step => [1 - side, ...rest]);
    // Side 0 sent the first packet: where that is the server, Zeek marks the direction as turned.
    expect(historyOf(mirrored, 1)).toBe(`^${expected}`);
  });

  test('all letters of both directions find room', () => {
    const ints = new Int32Array(L.RECORD_WORDS);
    for (let letter = 0; letter <= H_GAP; letter++) {
      for (let side = 0; side < 2; side++) noteLetter(ints, 0, letter, side);
    }
    expect(historyText(ints, 0, 0)).toBe('SsHhAaDdFfRrTtWwGg');
  });

  test('retransmission, zero window and gap have letters of their own', () => {
    const ints = new Int32Array(L.RECORD_WORDS);
    for (const letter of [H_RETRANSMITTED, H_ZERO_WINDOW, H_GAP]) noteLetter(ints, 0, letter, 1);
    expect(historyText(ints, 0, 0)).toBe('twg');
  });
});
