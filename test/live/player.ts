/**
 * Captures as its first argument says, in JSON, and as the words on its standard input do. Says on standard output, a line of JSON
 * each, that it captures, and what came of it. Run by lab.ts in a network namespace.
 */
import { createWriteStream, openSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { interfacesCommand } from '../../src/cli/interfaces-command.ts';
import { InputError } from '../../src/input/errors.ts';
import { interfaceNames } from '../../src/live/names.ts';
import { dropRoot } from '../../src/live/rights.ts';
import { type LiveOptions, startCapture } from '../../src/live/start.ts';
import type { Ended, Started } from './lab.ts';

/** hold: ms for which nothing is read; list: teardown interfaces, and nothing else */
type Task = LiveOptions & { file?: string; hold?: number; list?: 'text' | 'json' };

const { file, user, hold = 0, list, ...options } = JSON.parse(process.argv[2] ?? '') as Task;

function say(what: Started | Ended): void {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}

// Opened while we may still be root.
const output = createWriteStream('', { fd: openSync(file ?? '/dev/null', 'w') });
const began = performance.now();
if (list !== undefined) {
  process.exit(await interfacesCommand({ format: list, color: 'never' }));
}
try {
  const capture = await startCapture({ ...options, user });
  say({ source: capture.source, interfaces: interfaceNames(), startMs: performance.now() - began });
  let asked = performance.now();
  let identity: Pick<Ended, 'user' | 'ids'> = {};
  const told: (number | null)[] = [];
  const words = createInterface({ input: process.stdin });
  words.on('line', (word) => {
    asked = performance.now();
    if (word === 'stop') capture.stop();
    if (word === 'kill') capture.kill();
    if (word === 'told') told.push(capture.dropped);
    if (word === 'exit') process.exit(0);
    if (word === 'drop') {
      identity = { user: dropRoot(user ?? null)?.user ?? null, ids: [process.getuid?.(), process.getgid?.()] };
    }
  });
  await new Promise((resolve) => setTimeout(resolve, hold));
  capture.stream.pipe(output);
  const { dropped, failure } = await capture.ended;
  await new Promise<void>((resolve) => {
    output.end(resolve);
  });
  words.close();
  process.stdin.destroy();
  say({
    ...identity,
    told,
    dropped,
    failure: failure === null ? null : partsOf(failure),
    endMs: performance.now() - asked,
  });
} catch (error) {
  if (!(error instanceof InputError)) throw error;
  say({ refused: partsOf(error) });
}

function partsOf({ what, why, hint }: InputError) {
  return { what, why, hint };
}
