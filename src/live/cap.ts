/** The npm package cap, in a process of its own: its time is when a packet was handed over, and what was dropped nobody knows. */

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CAP_WORDS, type CapTask } from './cap-task.ts';
import type { Program, Told } from './capture.ts';

const BUILT = new URL('./cap-child.js', import.meta.url);
/** from the sources, which only tests run */
const FROM_SOURCE = new URL('../../dist/cap-child.js', import.meta.url);

/** The program that has cap. */
export const CAP_CHILD = fileURLToPath(existsSync(BUILT) ? BUILT : FROM_SOURCE);

export const CAP: Program = {
  name: 'cap',
  timestamps: 'user-space',
  // A slot of 64 KB for each packet, however small: 4,000 of them.
  bufferKiB: 262_144,
  tellsWhenAsked: false,
  endsWithInput: true,
  command: ({ interface: from, filter, snaplen, count, bufferKiB, user }) => {
    const task: CapTask = { interface: from, filter, snaplen, count, bufferKiB, user };
    return { path: process.execPath, args: [CAP_CHILD, JSON.stringify(task)] };
  },
  hear,
};

function hear(line: string, told: Told): void {
  const text = line.trim();
  if (text === CAP_WORDS.begun) told.begun = true;
  else if (text.startsWith(CAP_WORDS.captured)) told.captured = Number(text.slice(CAP_WORDS.captured.length));
  else if (text !== '' && !text.startsWith('Warning: ')) told.words.push(text);
}
