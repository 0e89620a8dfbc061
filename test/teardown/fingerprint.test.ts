/** Which system a SYN or SYN-ACK is taken for: each system as it is known to send, and what could be of several. */
import { describe, expect, test } from 'vitest';
import { SYN_LAYOUTS, SYN_WINDOWS, type SynLayout } from '../../src/decode/syn-options.ts';
import { evidenceWords, guess, initialTtl } from '../../src/teardown/fingerprint.ts';

/** As decode/ makes it; null: options of no known order, a window that tells nothing. */
function fingerprint(layout: SynLayout | null, window: number | null): number {
  const windows = window === null ? 0 : [...SYN_WINDOWS].map(Number).indexOf(window) + 1;
  return (layout === null ? 0 : SYN_LAYOUTS.indexOf(layout) + 1) | (windows << 5);
}

function guessed(kind: 'SYN' | 'SYN-ACK', layout: SynLayout | null, ttl: number, window: number | null): string {
  const { os, certainty } = guess(fingerprint(layout, window), ttl, kind === 'SYN-ACK');
  return `${os} ${certainty}`;
}

type Row = [kind: 'SYN' | 'SYN-ACK', layout: SynLayout | null, ttl: number, window: number | null, expected: string];

describe('what systems are known to send', () => {
  test.each<Row>([
    ['SYN', 'mss,sackOK,TS,nop,ws', 64, 64240, 'linux likely'], // illumos sends the same
    ['SYN', 'mss,sackOK,TS,nop,ws', 51, 29200, 'linux likely'],
    ['SYN', 'mss,sackOK,TS,nop,ws,other', 64, 64240, 'linux certain'], // TCP Fast Open, MPTCP
    ['SYN', 'mss,nop,nop,sackOK,nop,ws', 64, 64240, 'linux likely'],
    ['SYN-ACK', 'mss,sackOK,TS,nop,ws', 64, 65160, 'linux certain'],
    ['SYN-ACK', 'mss,sackOK,TS,nop,ws', 49, null, 'linux certain'],
    ['SYN-ACK', 'mss,nop,nop,sackOK,nop,ws', 64, 64240, 'linux likely'],
    ['SYN', 'mss,nop,ws,nop,nop,sackOK', 128, 64240, 'windows certain'],
    ['SYN', 'mss,nop,ws,nop,nop,sackOK', 117, 8192, 'windows certain'],
    ['SYN', 'mss,nop,ws,sackOK,TS', 128, 8192, 'windows certain'],
    ['SYN-ACK', 'mss,nop,ws,nop,nop,sackOK', 128, 65535, 'windows certain'],
    ['SYN-ACK', 'mss,nop,ws,sackOK,TS', 128, 8192, 'windows certain'],
    ['SYN', 'mss,nop,ws,sackOK,TS', 64, 65535, 'freebsd certain'],
    ['SYN-ACK', 'mss,nop,ws,sackOK,TS', 64, 65535, 'freebsd certain'],
    ['SYN', 'mss,nop,ws,nop,nop,TS,sackOK,eol', 64, 65535, 'macos certain'],
    ['SYN-ACK', 'mss,nop,ws,nop,nop,TS,sackOK,eol', 57, 65535, 'macos certain'],
    ['SYN-ACK', 'sackOK,TS,mss,nop,ws', 64, 64240, 'solaris likely'],
    ['SYN-ACK', 'nop,nop,TS,mss,nop,ws,nop,nop,sackOK', 60, null, 'solaris likely'],
    ['SYN', 'nop,ws,nop,nop,TS,nop,nop,sackOK,mss', 64, null, 'solaris likely'],
  ])('%s %s, TTL %i, window %s: %s', (kind, layout, ttl, window, expected) => {
    expect(guessed(kind, layout, ttl, window)).toBe(expected);
  });
});

describe('no more is said than the packet tells', () => {
  test.each<Row>([
    ['SYN', null, 64, 64240, 'linux assumed'],
    ['SYN', null, 128, null, 'windows possible'], // the TTL alone
    ['SYN', null, 255, null, 'linux assumed'],
    ['SYN', null, 30, 8192, 'linux assumed'],
    ['SYN-ACK', 'mss', 64, 65535, 'linux assumed'], // everybody's answer to a SYN with an MSS alone
    ['SYN-ACK', 'mss', 128, 8192, 'windows possible'],
    ['SYN', 'mss,sackOK,TS,nop,ws', 128, 64240, 'linux possible'], // another TTL than its options say: changed on the way?
    ['SYN', 'mss,nop,ws,nop,nop,TS,sackOK,eol', 255, 65535, 'macos possible'],
    ['SYN', 'mss,nop,ws,nop,nop,TS,sackOK,eol', 64, 8192, 'macos possible'],
    ['SYN', 'mss,nop,ws,sackOK,TS', 64, null, 'freebsd possible'], // NetBSD's, with 32768
    ['SYN', 'mss,nop,ws,nop,nop,sackOK', 64, null, 'solaris possible'], // or Windows behind a proxy
    ['SYN', 'mss,nop,nop,sackOK,nop,ws,nop,nop,TS', 64, 16384, 'freebsd possible'], // OpenBSD
    ['SYN-ACK', 'mss,nop,ws', 64, 65535, 'linux possible'],
    ['SYN-ACK', 'mss,nop,ws,nop,nop,TS', 64, 65535, 'freebsd possible'], // or macOS
    ['SYN-ACK', 'mss,sackOK,eol', 64, 65535, 'freebsd possible'],
    ['SYN-ACK', 'mss,sackOK,TS', 64, null, 'linux likely'], // FreeBSD's window is 65535
    ['SYN-ACK', 'mss,sackOK,TS', 64, 65535, 'linux possible'],
  ])('%s %s, TTL %i, window %s: %s', (kind, layout, ttl, window, expected) => {
    expect(guessed(kind, layout, ttl, window)).toBe(expected);
  });

  test('whatever comes: a system, and certain only with options', () => {
    for (let print = 0; print < 256; print++) {
      for (const ttl of [0, 1, 32, 33, 64, 65, 128, 129, 255]) {
        for (const isAnswer of [false, true]) {
          const { certainty } = guess(print, ttl, isAnswer);
          const known = (print & 31) > 0 && (print & 31) <= SYN_LAYOUTS.length;
          if (!known) expect(['possible', 'assumed']).toContain(certainty);
        }
      }
    }
  });
});

test('the TTL at first is the next of four', () => {
  expect([0, 32, 33, 64, 65, 128, 129, 255].map(initialTtl)).toEqual([32, 32, 64, 64, 128, 128, 255, 255]);
});

test('the evidence in words', () => {
  const windows = fingerprint('mss,nop,ws,nop,nop,sackOK', 64240);
  expect(evidenceWords(windows, 117, false)).toBe('SYN with TTL 117, window 64240, options mss,nop,ws,nop,nop,sackOK');
  expect(evidenceWords(fingerprint(null, null), 64, true)).toBe(
    'SYN-ACK with TTL 64, options cut off or in no known order',
  );
});
