/** Reads captures into lists that tests can compare. */
import { createHash } from 'node:crypto';
import { type CaptureOptions, type CaptureSet, openCaptures } from '../../src/input/captures.ts';
import { ErfReader } from '../../src/input/erf.ts';
import { PcapReader } from '../../src/input/pcap.ts';
import { PcapngReader } from '../../src/input/pcapng.ts';
import { type CaptureReader, NEED_DATA, RECORD } from '../../src/input/reader.ts';
import { SnoopReader } from '../../src/input/snoop.ts';
import { CaptureRecord } from '../../src/input/types.ts';
import { ByteWindow } from '../../src/input/window.ts';

/** A record that was copied, since the reader's own is reused. */
export interface Kept {
  frame: number;
  /** seconds with nine decimals */
  time: string;
  wireLength: number;
  captured: number;
  linkType: number;
  interfaceId: number;
  hasTime: boolean;
  bigEndian: boolean;
  md5: string;
}

export function md5(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('hex');
}

export function keep(record: CaptureRecord): Kept {
  const bytes = record.data.subarray(record.start, record.end);
  return {
    frame: record.frame,
    time: `${record.seconds}.${String(record.nanoseconds).padStart(9, '0')}`,
    wireLength: record.wireLength,
    captured: bytes.length,
    linkType: record.linkType,
    interfaceId: record.interfaceId,
    hasTime: record.hasTime,
    bigEndian: record.bigEndian,
    md5: md5(bytes),
  };
}

/** A reader for these bytes, by their first one: each format of the tests has its own. */
function readerOf(bytes: Uint8Array, window: ByteWindow): CaptureReader {
  switch (bytes[0]) {
    case 0x0a:
      return new PcapngReader(window);
    case 0x73:
      return new SnoopReader(window);
    case 0xef:
      return new ErfReader(window);
    default:
      return new PcapReader(window);
  }
}

/**
 * Reads bytes that arrive in chunks of these sizes, over and over; a small window, so that it must move and grow.
 * The frame numbers are those of a file read alone.
 */
export function readBytes(bytes: Uint8Array, chunks: number[] = [bytes.length], windowBytes = 64) {
  const window = new ByteWindow(windowBytes);
  const reader = readerOf(bytes, window);
  const record = new CaptureRecord();
  const records: Kept[] = [];
  let fed = 0;
  for (let turn = 0; ; ) {
    const result = reader.next(record);
    if (result === RECORD) {
      record.frame = records.length + 1 + reader.otherFrames;
      records.push(keep(record));
    } else if (result === NEED_DATA) {
      window.ensureRoom();
      const room = window.data.length - window.end;
      const part = bytes.subarray(fed, fed + Math.min(room, Math.max(1, chunks[turn++ % chunks.length] ?? 1)));
      window.data.set(part, window.end);
      window.end += part.length;
      fed += part.length;
      if (part.length === 0) window.eof = true;
    } else {
      return { records, reader, damage: reader.damage };
    }
  }
}

/** Opens captures, reads them to the end and gives their records with the set. */
export async function readFiles(
  paths: string[],
  options?: CaptureOptions,
): Promise<{ records: Kept[]; set: CaptureSet }> {
  const set = await openCaptures(paths, options);
  const records: Kept[] = [];
  await set.forEach((record) => {
    records.push(keep(record));
  });
  return { records, set };
}
