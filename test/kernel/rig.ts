/** Plays scenarios between real sockets and writes what the kernel and the captures say of them. */

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Lab, type Sysctls } from './lab.ts';
import { polled, startPolling } from './polling.ts';
import { Stage, sleep, type Wire } from './stage.ts';
import type { Tracing } from './tracing.ts';
import { type Performance, truthOf, writeCase } from './truth-writer.ts';
import { testimony } from './witness.ts';

export interface Scenario {
  name: string;
  description: string;
  wire?: Wire;
  sysctls?: Sysctls;
  /** the service's, else one that is free */
  port?: number;
  /** seconds after which it is given up, 30 if not given */
  limit?: number;
  play(stage: Stage): Promise<unknown>;
}

/** How long the last acknowledgements may take. */
const SETTLE = 400;
/** Between the starts of two scenarios, ms. */
const APART = 10;
const FIRST_PORT = 5188;

export interface Failure {
  name: string;
  reason: string;
}

/**
 * A lab for each set of sysctls, all at once, and in each all its scenarios at once.
 *
 * @param tracing null: the socket tables are polled, which tells who closed and where TIME_WAIT is, and little more
 * @returns the scenarios that couldn't be played to their end; of the others there is a folder each
 */
export async function run(scenarios: readonly Scenario[], folder: string, tracing: Tracing | null): Promise<Failure[]> {
  const work = mkdtempSync(join(tmpdir(), 'teardown-rig-'));
  try {
    const labs = [...grouped(scenarios)].map((group, i) =>
      playAll(group, 1 + ((process.pid * 7 + i) % 254), join(work, String(i)), tracing === null),
    );
    const played = await Promise.all(labs);
    const heard = tracing === null ? null : testimony(tracing.read());
    for (const { captures, performances, observed, lives } of played) {
      for (const performance of performances) {
        const truth = truthOf(performance, heard ?? { lives, events: [], complete: false }, observed);
        writeCase(join(folder, performance.name), truth, captures, performance.port);
      }
    }
    return played.flatMap(({ failures }) => failures);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function grouped(scenarios: readonly Scenario[]): Scenario[][] {
  const groups = new Map<string, Scenario[]>();
  for (const scenario of scenarios) {
    const key = JSON.stringify(scenario.sysctls ?? {});
    groups.set(key, [...(groups.get(key) ?? []), scenario]);
  }
  return [...groups.values()];
}

async function playAll(scenarios: readonly Scenario[], number: number, captures: string, poll: boolean) {
  mkdirSync(captures);
  const since = Date.now() / 1000;
  const lab = new Lab(number, scenarios[0]?.sysctls ?? {});
  const performances: Performance[] = [];
  const failures: Failure[] = [];
  try {
    const ends = lab.open();
    const watched = [ends.client, ends.server];
    if (poll) await startPolling(watched);
    await lab.capture(captures);
    const plays = scenarios.map(async (scenario, i) => {
      const stage = new Stage(lab, ends, scenario.port ?? FIRST_PORT + i, scenario.wire ?? {});
      try {
        await sleep(i * APART);
        performances.push(await inTime(scenario, stage));
      } catch (error) {
        failures.push({ name: scenario.name, reason: `${error}; unanswered: ${stage.unanswered()}` });
      }
    });
    await Promise.all(plays);
    await lab.endCapture();
    const observed = { since, until: Date.now() / 1000 };
    return { captures, performances, failures, observed, lives: poll ? await polled(watched) : [] };
  } finally {
    await lab.close();
  }
}

async function inTime(scenario: Scenario, stage: Stage): Promise<Performance> {
  const { limit = 30 } = scenario;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${limit} s`)), limit * 1000);
  });
  try {
    return await Promise.race([perform(scenario, stage), late]);
  } finally {
    clearTimeout(timer);
  }
}

async function perform(scenario: Scenario, stage: Stage): Promise<Performance> {
  await stage.travel(stage.wire);
  const facts = (await scenario.play(stage)) ?? {};
  await sleep(SETTLE);
  const { name, description, wire, sysctls = {} } = scenario;
  const [there, back] = wire?.delay ?? [0, 0];
  const oneWayDelay = there === back ? there : [there, back];
  const network = await stage.networkLog();
  const { servers, port, actions } = stage;
  return { name, description, servers, port, oneWayDelay, actions, network, sysctls, facts };
}
