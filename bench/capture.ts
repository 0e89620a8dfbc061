/** The captures that the benchmark reads: made once, kept in a folder, and made anew when they are not what they should be. */

import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { BULK_MINIMUM, bulk } from './bulk.ts';
import { flood } from './flood.ts';
import { shortConnections } from './short-connections.ts';

/** To be raised when a generator changes on purpose: figures of two versions can't be compared. */
const VERSION = 1;
const SEED = 1;

interface Kind {
  /** what the count counts */
  readonly unit: 'flows' | 'packets';
  readonly least: number;
  readonly generate: (count: number, seed: number) => Generator<Uint8Array, number>;
}

const COUNT = 1_000_000;

/** Every kind of capture by its name. */
export const KINDS = {
  'short-connections': { unit: 'flows', least: 1, generate: shortConnections },
  bulk: { unit: 'packets', least: BULK_MINIMUM, generate: bulk },
  flood: { unit: 'flows', least: 1, generate: flood },
} as const satisfies Record<string, Kind>;

export type KindName = keyof typeof KINDS;

/** How many flows or packets a capture has unless told otherwise. */
export const DEFAULT_COUNT = COUNT;

/** Whether `name` is a kind of capture. */
export function isKind(name: string): name is KindName {
  return Object.hasOwn(KINDS, name);
}

/** A capture on disk. */
export interface Capture {
  path: string;
  packets: number;
  /** size of the file */
  bytes: number;
}

/**
 * The bytes of a capture in chunks, each valid until the next one is asked for; the same for the same arguments on every machine.
 * @returns the number of packets
 */
export function captureChunks(kind: KindName, count: number, seed: number = SEED): Generator<Uint8Array, number> {
  return KINDS[kind].generate(count, seed);
}

/**
 * The capture in `folder`, made if it is missing, of another size, or begins otherwise than this generator's.
 * @param onMake called before the capture is made, which takes a while
 * @throws where the folder can't be written
 */
export function ensureCapture(folder: string, kind: KindName, count: number, onMake: (path: string) => void): Capture {
  const name = `${kind}-v${VERSION}${count === COUNT ? '' : `-${count}`}`;
  const path = join(folder, `${name}.pcap`);
  const factsPath = join(folder, `${name}.json`);
  const kept = readKept(path, factsPath);
  if (kept !== null && beginsAlike(path, kind, count)) return kept;

  mkdirSync(folder, { recursive: true });
  rmSync(factsPath, { force: true });
  onMake(path);
  const capture = writeCapture(path, captureChunks(kind, count));
  writeFileSync(factsPath, `${JSON.stringify({ packets: capture.packets, bytes: capture.bytes })}\n`);
  return capture;
}

/** A capture from before, if its size is the one noted when it was made. */
function readKept(path: string, factsPath: string): Capture | null {
  try {
    const facts: unknown = JSON.parse(readFileSync(factsPath, 'utf8'));
    if (typeof facts !== 'object' || facts === null || !('packets' in facts) || !('bytes' in facts)) return null;
    const { packets, bytes } = facts;
    if (typeof packets !== 'number' || typeof bytes !== 'number') return null;
    return statSync(path).size === bytes ? { path, packets, bytes } : null;
  } catch {
    return null;
  }
}

/** Whether the file's first chunk is what the generator makes now. */
function beginsAlike(path: string, kind: KindName, count: number): boolean {
  const first = captureChunks(kind, count).next();
  if (first.done === true) return false;
  const start = Buffer.alloc(first.value.length);
  const file = openSync(path, 'r');
  try {
    return readSync(file, start) === start.length && start.equals(first.value);
  } finally {
    closeSync(file);
  }
}

/** Under another name until it is complete, so that no half capture is ever measured. */
function writeCapture(path: string, chunks: Generator<Uint8Array, number>): Capture {
  const temporary = `${path}.tmp`;
  const file = openSync(temporary, 'w');
  let bytes = 0;
  let step = chunks.next();
  try {
    for (; step.done !== true; step = chunks.next()) {
      for (let at = 0; at < step.value.length; ) at += writeSync(file, step.value, at);
      bytes += step.value.length;
    }
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
  return { path, packets: step.value, bytes };
}
