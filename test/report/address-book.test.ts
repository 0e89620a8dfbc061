/** What the flows of an address tell of its system: the packet that tells most, and whether others contradict it. */
import { describe, expect, test } from 'vitest';
import { SYN_LAYOUTS, SYN_WINDOWS, type SynLayout } from '../../src/decode/syn-options.ts';
import * as L from '../../src/flow/layout.ts';
import { FlowView } from '../../src/flow/view.ts';
import { AddressBook } from '../../src/report/address-book.ts';
import { GUESSED, Systems } from '../../src/teardown/systems.ts';

interface End {
  host: number;
  layout?: SynLayout;
  ttl?: number;
  window?: number;
}

/** A packed flow without a trail; an end with a layout has sent a SYN. Side 0 is the client. */
function flow(...ends: [End, End]): FlowView {
  const ints = new Int32Array(L.RECORD_WORDS);
  ints[L.ENCAPSULATION] = L.NO_ENCAPSULATION;
  ends.forEach(({ host, layout, ttl = 64, window = 65535 }, side) => {
    ints[(side === 0 ? L.ADDRESS_0 : L.ADDRESS_1) + 2] = 0xffff;
    ints[(side === 0 ? L.ADDRESS_0 : L.ADDRESS_1) + 3] = host;
    ints[L.SIDE + side * L.SIDE_WORDS + L.SIDE_FLAGS] =
      (ttl << L.TTL_SHIFT) | (layout === undefined ? 0 : L.SYN_SENT_FLAG);
    if (layout === undefined) return;
    const print = (SYN_LAYOUTS.indexOf(layout) + 1) | (([...SYN_WINDOWS].map(Number).indexOf(window) + 1) << 5);
    ints[L.ENCAPSULATION]! |= print << (L.FINGERPRINT_SHIFT + L.FINGERPRINT_BITS * side);
  });
  return new FlowView().pointAt(ints, new Float64Array(ints.buffer), 0);
}

const WINDOWS: SynLayout = 'mss,nop,ws,nop,nop,sackOK';
const MACOS: SynLayout = 'mss,nop,ws,nop,nop,TS,sackOK,eol';
const midstream = flow({ host: 1 }, { host: 2 });

describe('an address', () => {
  test('is Linux, assumed, while nothing tells', () => {
    const book = new AddressBook(new Systems(GUESSED));
    book.learn(midstream);
    expect(book.profileOf(midstream, 0).name).toBe('linux');
    expect(book.assumption(midstream, 0)).toMatchObject({ os: 'linux', basis: 'assumed', certainty: 'assumed' });
  });

  test('goes by the packet that tells most, whichever came first', () => {
    const sure = flow({ host: 1, layout: WINDOWS, ttl: 128 }, { host: 2 });
    const unsure = flow({ host: 1, layout: 'mss', ttl: 64 }, { host: 2 });
    for (const flows of [
      [sure, unsure],
      [unsure, sure],
    ]) {
      const book = new AddressBook(new Systems(GUESSED));
      for (const one of flows) book.learn(one);
      expect(book.profileOf(midstream, 0).name).toBe('windows');
      expect(book.profileOf(midstream, 1).name).toBe('linux');
      expect(book.assumption(midstream, 0)).toMatchObject({ os: 'windows', basis: 'inferred', certainty: 'certain' });
    }
  });

  test('with several systems behind it is possible; each flow goes by its own SYN', () => {
    const book = new AddressBook(new Systems(GUESSED));
    const first = flow({ host: 1, layout: WINDOWS, ttl: 128 }, { host: 2 });
    const second = flow({ host: 1, layout: MACOS }, { host: 2 });
    book.learn(first);
    book.learn(second);
    expect(book.assumption(second, 0)).toMatchObject({ os: 'windows', basis: 'inferred', certainty: 'possible' });
    expect(book.assumption(second, 0).why).toMatch(/; others of its packets are of macos$/);
    expect(book.profileOf(second, 0).name).toBe('macos');
    expect(book.profileOf(midstream, 0).name).toBe('windows');
  });

  test('beyond the limit is not taken note of', () => {
    const book = new AddressBook(new Systems(GUESSED), 1);
    book.learn(flow({ host: 3, layout: WINDOWS, ttl: 128 }, { host: 2 }));
    book.learn(flow({ host: 1, layout: WINDOWS, ttl: 128 }, { host: 2 }));
    expect(book.profileOf(midstream, 0).name).toBe('linux');
  });

  test('is what the user says', () => {
    const named = [{ words: [0, 0, 0xffff, 1], system: 'freebsd' as const }];
    const book = new AddressBook(new Systems({ system: null, named }));
    book.learn(flow({ host: 1, layout: WINDOWS, ttl: 128 }, { host: 2, layout: MACOS }));
    expect(book.assumption(midstream, 0)).toMatchObject({ os: 'freebsd', basis: 'assumed', certainty: 'given' });
    expect(book.profileOf(midstream, 1).name).toBe('macos');
  });
});

test('a guess that is remembered is the one that was made', () => {
  const systems = new Systems(GUESSED);
  for (const layout of SYN_LAYOUTS) {
    for (const ttl of [30, 64, 128, 255]) {
      for (const ends of [
        [{ host: 1, layout, ttl }, { host: 2 }],
        [{ host: 2 }, { host: 1, layout, ttl }],
      ] as [End, End][]) {
        const side = ends[0].layout === undefined ? 1 : 0;
        const [view, fresh] = [flow(...ends), new Systems(GUESSED)];
        expect(systems.profileOf(view, side).name).toBe(fresh.profileOf(view, side).name);
        expect(systems.profileOf(view, side).name).toBe(fresh.profileOf(view, side).name);
      }
    }
  }
});
