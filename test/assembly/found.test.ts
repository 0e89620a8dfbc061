/** Differences between the kernel and the general way that were found by chance once. */
import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { runAnalysis } from '../../src/analyze.ts';
import { ACK, FIN } from '../../src/decode/flags.ts';
import { Kernel, startKernel } from '../../src/kernel/kernel.ts';
import { Conversation, compare, pcapOf } from './compare.ts';

it('a pure ACK shows that its sender is no longer held up by what is not acknowledged', async () => {
  const talk = new Conversation().open().send(0, { seq: 1, ack: 9000, length: 20_000 });
  talk.send(1, { seq: 9000, ack: 20_001 }).send(1, { seq: 9000, ack: 20_001, length: 10 });
  talk.send(0, { seq: 20_001, ack: 9010 }, 1).send(0, { flags: FIN | ACK, seq: 20_001, ack: 9010 }, 1);
  talk.send(1, { seq: 9010, ack: 20_002 }, 1).send(1, { flags: FIN | ACK, seq: 9010, ack: 20_002 }, 1);
  const { left } = await compare(pcapOf(talk.packets));
  expect(left).toEqual([1]);
});

it('payload below the first number seen is left to the general way, also before a close', async () => {
  const talk = new Conversation().open().send(0, { seq: 1, ack: 9000, length: 100 });
  talk.send(1, { seq: 9000, ack: 101 }).send(0, { seq: 101 - 2 ** 31, ack: 9000, length: 10 });
  for (const seq of [101, 201, 301]) talk.send(0, { seq, ack: 9000, length: 100 });
  await compare(pcapOf(talk.packets));
});

it('a kernel that was used before is as new, and one that grew large is not used again', async () => {
  const capture = pcapOf(new Conversation().open().send(0, { flags: FIN | ACK, seq: 1, ack: 9000 }).packets);
  const reports = [];
  for (let i = 0; i < 3; i++) reports.push(await runAnalysis(['-'], { stdin: Readable.from([capture]) }));
  expect(reports[1]).toEqual(reports[0]);
  expect(reports[2]).toEqual(reports[0]);
  const kept = startKernel()!;
  expect(kept.words.every((word) => word === 0)).toBe(true);
  const large = new Kernel();
  large.allocate(64 << 20);
  large.release();
  expect(startKernel()).not.toBe(large);
  kept.release();
  expect(startKernel()).toBe(kept);
});
