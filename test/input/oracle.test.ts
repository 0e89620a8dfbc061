/**
 * What tshark 4.0 reads from captures that others made: number, time, lengths, interface and MD5 of every frame, in
 * `expected/*.frames.json` of the shared corpus (rows: number, time, length, captured, encapsulation, interface, MD5;
 * encapsulation null is a frame without a packet, time null a packet without a time).
 */
import { readdirSync, readFileSync } from 'node:fs';
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

type Column = 'time' | 'wireLength' | 'captured' | 'md5';

/** Where we differ from tshark, in which columns, or in that it reads none; why is in docs/differences.md. */
const EXCEPTIONS: Record<string, Column[] | 'refused by tshark'> = {
  'ndpi__fuzz-2021-06-07-c6c72a0a56.pcap': ['time', 'wireLength'],
  'tcpdump__timestamp_invalid_micro.pcap': ['time'],
  'tcpdump__atm-oam-loopback-print-overrun.pcap': ['time', 'wireLength', 'captured', 'md5'],
  'tcpdump__juniper_es_oobr.pcap': 'refused by tshark',
  'tcpdump__vtp_asan-2.pcap': 'refused by tshark',
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

type Row = ReturnType<typeof expectedRows>[number];

function without(rows: Row[], columns: Column[]): Partial<Row>[] {
  return rows.map((row) =>
    Object.fromEntries(Object.entries(row).filter(([name]) => !columns.includes(name as Column))),
  );
}

/** An exception that is none any more shall go, column by column. */
function expectException(rows: Row[], expected: Row[], of: (typeof EXCEPTIONS)[string], capture: string): void {
  if (of === 'refused by tshark') {
    expect.soft([rows.length > 0, expected], capture).toEqual([true, []]);
    return;
  }
  expect.soft(without(rows, of), capture).toEqual(without(expected, of));
  for (const column of of) {
    expect
      .soft(
        rows.map((row) => row[column]),
        `${capture}: ${column}`,
      )
      .not.toEqual(expected.map((row) => row[column]));
  }
}

describe('the corpus', () => {
  itShared('is read frame by frame as tshark reads it', ['corpus'], async (corpus) => {
    const expected = join(corpus, 'expected');
    const names = readdirSync(expected).filter((name) => name.endsWith('.frames.json'));
    const count = { alike: 0, frames: 0, refused: 0, exceptions: 0 };
    for (const name of names) {
      const capture = name.slice(0, -'.frames.json'.length);
      const path = join(corpus, capture);
      const oracle: Expected = JSON.parse(readFileSync(join(expected, name), 'utf8'));
      if (REFUSED.test(capture)) {
        await expect(readFiles([path]), capture).rejects.toBeInstanceOf(InputError);
        count.refused++;
        continue;
      }
      const { records, set } = await readFiles([path]);
      const rows = records.map(({ linkType: _, bigEndian: __, ...row }) => row);
      const exception = EXCEPTIONS[capture];
      if (exception !== undefined) {
        expectException(rows, expectedRows(oracle), exception, capture);
        count.exceptions++;
        continue;
      }
      expect.soft(rows, capture).toEqual(expectedRows(oracle));
      expect.soft(set.damage.length, `${capture}: ${oracle.tshark_error}`).toBe(oracle.tshark_error === null ? 0 : 1);
      count.alike++;
      count.frames += rows.length;
    }
    // None is passed over: so many there are.
    expect(names).toHaveLength(368);
    expect(count).toEqual({ alike: 361, frames: 4390, refused: 2, exceptions: 5 });
  });
});
