/**
 * Connections between real sockets of this machine's kernel, and our reading of their captures against what the kernel did.
 * TEARDOWN_KERNEL=all plays every scenario, TEARDOWN_KERNEL=stories makes those of fixtures/stories that are made here;
 * TEARDOWN_KERNEL_KEEP=DIR keeps the captures and truths.
 */

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { analyze } from '../../src/analyze.ts';
import { type Difference, differences } from '../cases/compare.ts';
import { capturesIn, readTruth } from '../cases/truth.ts';
import { itKernel, missingForKernel } from '../support/kernel.ts';
import { isKnown } from './known.ts';
import { type Failure, run, type Scenario } from './rig.ts';
import { CROWDS } from './scenarios/crowds.ts';
import { EVERYDAY } from './scenarios/everyday.ts';
import { EXTENDED } from './scenarios/extended.ts';
import { STORIES } from './stories/index.ts';
import { writeStory } from './stories/written.ts';
import { Tracing } from './tracing.ts';

const { TEARDOWN_KERNEL, TEARDOWN_KERNEL_KEEP, TEARDOWN_KERNEL_ONLY = '' } = process.env;
const FIXTURES = join(import.meta.dirname, '../../fixtures/stories');
const POLLED = ['client_first', 'server_first_20ms', 'simultaneous', 'three_way_v6', 'reuse_of_time_wait'];
/** What polling can't tell. */
const TRACED_ONLY = ['reset sender'];
/** A busy machine holds up a packet for longer than the comparison allows: then a scenario is played again. */
const ATTEMPTS = 3;
const MINUTES = 60_000;
/** What is lost behind a capture point, or held up for longer than the round trip, isn't in its packets. */
const MOST_WRONG = 0.2;

const folder = TEARDOWN_KERNEL_KEEP ?? mkdtempSync(join(tmpdir(), 'teardown-kernel-'));
let tracing: Tracing | null = null;

beforeAll(async () => {
  if (missingForKernel() !== null) return;
  mkdirSync(folder, { recursive: true });
  tracing = await Tracing.start((reason) => console.warn(`The kernel's tracepoints can't be read, polling: ${reason}`));
});

afterAll(async () => {
  await tracing?.end();
  if (TEARDOWN_KERNEL_KEEP === undefined) rmSync(folder, { recursive: true, force: true });
});

/** Plays scenarios; @returns by name what isn't as it should be. */
async function play(scenarios: readonly Scenario[], into: string, witness: Tracing | null) {
  const wrong = new Map<string, string[]>();
  for (const { name, reason } of await failuresOf(scenarios, into, witness)) wrong.set(name, [reason]);
  for (const { name } of scenarios) {
    if (wrong.has(name)) continue;
    const news = (await differencesOf(join(into, name))).filter(
      (each) => !isKnown(name, each) && (witness !== null || !TRACED_ONLY.includes(each.aspect)),
    );
    if (news.length > 0) wrong.set(name, news.map(written));
  }
  return wrong;
}

function failuresOf(scenarios: readonly Scenario[], into: string, witness: Tracing | null): Promise<Failure[]> {
  mkdirSync(into, { recursive: true });
  return run(scenarios, into, witness);
}

async function differencesOf(caseFolder: string): Promise<Difference[]> {
  const truth = readTruth(caseFolder);
  const found: Difference[] = [];
  for (const file of capturesIn(caseFolder)) {
    found.push(...differences(truth, file, await analyze([join(caseFolder, file)])));
  }
  return found;
}

/** Of the connections, as each capture shows them, how many are read otherwise than they were. */
async function shareWrong(caseFolder: string): Promise<number> {
  const { connections } = readTruth(caseFolder);
  const points = capturesIn(caseFolder).length;
  const tuple = ({ detail }: Difference) => detail.slice(0, detail.indexOf(': '));
  const differing = new Set((await differencesOf(caseFolder)).map((each) => `${each.capture} ${tuple(each)}`));
  return differing.size / (connections.length * points);
}

function written({ capture, aspect, endpoint, state, detail }: Difference): string {
  return [capture, aspect, endpoint, state, detail].filter((part) => part !== undefined).join(' ');
}

/** All are read as the kernel saw them; what isn't gets another chance. */
async function expectAgreement(scenarios: readonly Scenario[], into: string, witness: Tracing | null): Promise<void> {
  let left = scenarios.filter(({ name }) => name.includes(TEARDOWN_KERNEL_ONLY));
  let wrong = new Map<string, string[]>();
  for (let i = 0; i < ATTEMPTS && left.length > 0; i++) {
    wrong = await play(left, into, witness);
    left = left.filter(({ name }) => wrong.has(name));
  }
  expect(Object.fromEntries(wrong)).toEqual({});
}

describe('this kernel', () => {
  itKernel('closes connections as we read them', () => expectAgreement(EVERYDAY, folder, tracing), 2 * MINUTES);

  itKernel(
    'can be polled where it has no tracepoints',
    async () => {
      const into = join(folder, 'polled');
      await expectAgreement(
        EVERYDAY.filter(({ name }) => POLLED.includes(name)),
        into,
        null,
      );
      const closers = POLLED.map((name) => readTruth(join(into, name)).connections.map(({ label }) => label.closer));
      expect(closers).toEqual([['client'], ['server'], ['simultaneous'], ['server'], ['server', 'server']]);
    },
    2 * MINUTES,
  );

  if (TEARDOWN_KERNEL === 'stories') {
    itKernel(
      'plays the stories of fixtures/ anew',
      async () => {
        await expectAgreement(STORIES, folder, tracing);
        const played = STORIES.filter(({ name }) => name.includes(TEARDOWN_KERNEL_ONLY));
        for (const { name } of played) writeStory(join(folder, name), join(FIXTURES, name));
      },
      9 * MINUTES,
    );
  }

  if (TEARDOWN_KERNEL !== 'all') return;

  itKernel('is read rightly in every scenario', () => expectAgreement(EXTENDED, folder, tracing), 8 * MINUTES);

  itKernel(
    'is read rightly in nearly all of many connections at random',
    async () => {
      expect(await failuresOf(CROWDS, folder, tracing)).toEqual([]);
      const wrong = await Promise.all(CROWDS.map(({ name }) => shareWrong(join(folder, name))));
      const tooMany = CROWDS.map(({ name }, i) => ({ name, wrong: wrong[i]! })).filter(
        (each) => each.wrong > MOST_WRONG,
      );
      expect(tooMany).toEqual([]);
    },
    4 * MINUTES,
  );
});
