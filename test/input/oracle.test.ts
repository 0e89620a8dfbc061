/**
 * What tshark 4.0 reads from captures that others made: number, time, lengths, interface and MD5 of every frame, in
 * `expected/*.frames.json` of the shared corpus (rows: number, time, length, captured, encapsulation, interface, MD5;
 * encapsulation null is a frame without a packet, time null a packet without a time).
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { InputError } from '../../src/input/errors.ts';
import { itShared } from '../support/shared.ts';
import { readFiles } from './read.ts';

type Frame = [number, string | null, number, number, number | null, number | null, string | null];

interface Expected {
  frames: Frame[];
  tshark_error: string | null;
}

/** Where we differ from tshark, and why that is right. */
const OVERFLOW = 'more than 2^31 ns in the field of microseconds: tshark overflows, we carry into the seconds';
const UNKNOWN_TO_TSHARK = 'a link type that tshark refuses: we deliver the packets, and decode counts them as skipped';
const EXCEPTIONS: Record<string, string> = {
  'ndpi__fuzz-2021-06-07-c6c72a0a56.pcap': `${OVERFLOW}; it also bounds the length on the wire by 2^31`,
  'tcpdump__timestamp_invalid_micro.pcap': OVERFLOW,
  'tcpdump__atm-oam-loopback-print-overrun.pcap': `${OVERFLOW}; SunATM: it takes the first four bytes for itself`,
  // its upper bits, an FCS length that is not valid, don't matter to us, as in libpcap
  'tcpdump__juniper_es_oobr.pcap': UNKNOWN_TO_TSHARK,
  'tcpdump__vtp_asan-2.pcap': UNKNOWN_TO_TSHARK,
};

/** Formats that this tool doesn't read: they are refused, each with a hint. */
const REFUSED = /pcap-invalid-version-1|pcapng-invalid-vers-/;

/** tshark prints a time of 10^6 microseconds as 10^9 nanoseconds; it is the next second. */
function carried(time: string): string {
  const [seconds = '', fraction = ''] = time.split('.');
  return fraction.length > 9 ? `${Number(seconds) + 1}.${fraction.slice(-9)}` : time;
}

function expectedRows({ frames }: Expected) {
  let last = '0.000000000';
  return frames
    .filter(([, , , , encapsulation]) => encapsulation !== null)
    .map(([frame, time, wireLength, captured, , interfaceId, md5]) => {
      if (time !== null) last = carried(time);
      return { frame, time: last, hasTime: time !== null, wireLength, captured, interfaceId: interfaceId ?? 0, md5 };
    });
}

describe('the corpus', () => {
  itShared('is read frame by frame as tshark reads it', ['corpus'], async (corpus) => {
    const expected = join(corpus, 'expected');
    const names = readdirSync(expected).filter((name) => name.endsWith('.frames.json'));
    let compared = 0;
    for (const name of names) {
      const capture = name.slice(0, -'.frames.json'.length);
      const path = join(corpus, capture);
      if (!existsSync(path)) continue;
      const oracle: Expected = JSON.parse(readFileSync(join(expected, name), 'utf8'));
      if (REFUSED.test(capture)) {
        await expect(readFiles([path]), capture).rejects.toBeInstanceOf(InputError);
        continue;
      }
      const { records, set } = await readFiles([path]);
      const rows = records.map(({ linkType: _, bigEndian: __, ...row }) => row);
      const why = EXCEPTIONS[capture];
      if (why !== undefined) {
        // an exception that is none any more shall go
        expect.soft(rows, `${capture}: ${why}`).not.toEqual(expectedRows(oracle));
        continue;
      }
      expect.soft(rows, capture).toEqual(expectedRows(oracle));
      expect.soft(set.damage.length, `${capture}: ${oracle.tshark_error}`).toBe(oracle.tshark_error === null ? 0 : 1);
      compared++;
    }
    expect(compared).toBeGreaterThan(300);
  });
});
