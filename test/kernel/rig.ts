/** Plays scenarios between real sockets and writes what the kernel and the captures say of them. */

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Lab, type Sysctls } from './lab.ts';
import { Stage, sleep, type Wire } from './stage.ts';
import { Tracing } from './tracing.ts';
import { type Performance, truthOf, writeCase } from './truth-writer.ts';
import { testimony } from './witness.ts';

export interface Scenario {
  name: string;
  description: string;
  wire?: Wire;
  sysctls?: Sysctls;
  play(stage: Stage): Promise<unknown>;
}

/** How long the last acknowledgements may take. */
const SETTLE = 400;
const FIRST_PORT = 5188;

/** A lab for each set of sysctls, all at once, and in each all its scenarios at once. */
export async function run(scenarios: readonly Scenario[], folder: string, say: (text: string) => void): Promise<void> {
  const tracing = await Tracing.start((reason) => say(`tracepoints can't be read: ${reason}`));
  if (tracing === null) throw new Error('no tracepoints');
  const work = mkdtempSync(join(tmpdir(), 'teardown-rig-'));
  try {
    const played = await Promise.all(
      [...grouped(scenarios)].map((group, i) =>
        playAll(group, 1 + ((process.pid * 7 + i) % 254), join(work, String(i))),
      ),
    );
    const heard = testimony(tracing.read());
    for (const { captures, performances, until } of played) {
      for (const performance of performances) {
        const truth = truthOf(performance, heard, until);
        writeCase(join(folder, performance.name), truth, captures, performance.port);
      }
    }
  } finally {
    await tracing.end();
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

async function playAll(scenarios: readonly Scenario[], number: number, captures: string) {
  mkdirSync(captures);
  const lab = new Lab(number, scenarios[0]?.sysctls ?? {});
  try {
    const ends = lab.open();
    await lab.capture(captures);
    const performances = await Promise.all(
      scenarios.map(async (scenario, i): Promise<Performance> => {
        const stage = new Stage(lab, ends, FIRST_PORT + i, scenario.wire ?? {});
        await stage.travel(stage.wire);
        await sleep(i * 10);
        try {
          const facts = (await scenario.play(stage)) ?? {};
          await sleep(SETTLE);
          return await performanceOf(scenario, stage, facts);
        } catch (error) {
          throw new Error(`${scenario.name}: ${error}`, { cause: error });
        }
      }),
    );
    await lab.endCapture();
    return { captures, performances, until: Date.now() / 1000 };
  } finally {
    await lab.close();
  }
}

async function performanceOf(scenario: Scenario, stage: Stage, facts: unknown): Promise<Performance> {
  const { name, description, wire, sysctls = {} } = scenario;
  const [there, back] = wire?.delay ?? [0, 0];
  const oneWayDelay = there === back ? there : [there, back];
  const network = await stage.networkLog();
  return { name, description, port: stage.port, oneWayDelay, actions: stage.actions, network, sysctls, facts };
}
