/**
 * The process of owner-reader.ts. It says which processes have the sockets of given inodes, and takes nothing else from whoever
 * started it: no paths, no commands. It ends with its channel, not by signals: Ctrl-C goes to all processes of a terminal, and
 * the one that asks may have questions left.
 */

import type { OwnerAnswer } from './owner-reader.ts';
import { readOwners } from './owners.ts';

/** A look into all processes serves any number of inodes; more are no question. */
const MOST_INODES = 1_000_000;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.once('disconnect', () => process.exit(0));

process.on('message', (question: unknown) => {
  const asked = readQuestion(question);
  if (asked === null) return;
  const { owners } = readOwners(asked.inodes);
  answer({ id: asked.id, owners: [...owners] });
});

answer({ id: 0, owners: [] });

function answer(message: OwnerAnswer): void {
  process.send?.(message, () => undefined);
}

function readQuestion(question: unknown): { id: number; inodes: number[] } | null {
  if (typeof question !== 'object' || question === null || !('id' in question) || !('inodes' in question)) return null;
  const { id, inodes } = question;
  if (typeof id !== 'number' || !Array.isArray(inodes) || inodes.length > MOST_INODES) return null;
  return { id, inodes: inodes.filter((inode): inode is number => Number.isSafeInteger(inode) && inode > 0) };
}
