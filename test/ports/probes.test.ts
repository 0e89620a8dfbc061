/**
 * Each bind() that was really tried, in stories and cases: the answer at that time, with that socket's options, is what the
 * kernel said, wherever a capture can know it.
 */

import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runAnalysis } from '../../src/analyze.ts';
import type { Context } from '../../src/findings/context.ts';
import { answerOf, type KnownPort, reuseCase } from '../../src/ports/answer.ts';
import { capturesIn, casesIn, readTruth } from '../cases/truth.ts';
import { itShared } from '../support/shared.ts';
import { portOf, SECOND } from './scripted.ts';

const STORIES = join(import.meta.dirname, '../../fixtures/stories');

interface Probes {
  bind_probes: {
    end: number;
    /** each change of what bind() said; plain: without SO_REUSEADDR, reuse: with it */
    changes: { t: number; variant: string; result: string }[];
  }[];
  actions: { op: string; reuse?: boolean; result?: string; t: number }[];
  facts: {
    service?: string;
    so_reuseaddr_old?: boolean;
    so_reuseaddr_new?: boolean;
    service_stopped_at?: number;
    service_up_at?: number;
  };
}

/** ns since the capture's first second of seconds since 1970 */
function timeOf(context: Context, t: number): number {
  return (t - context.originSeconds) * SECOND;
}

/** What the capture can't know at that time; null: it can. */
function unknowable(
  context: Context,
  known: KnownPort,
  at: number,
  which: ReturnType<typeof reuseCase>,
): string | null {
  const { phases, intervals } = known.ledger;
  if (at > context.end) return 'after the capture';
  // That a listener is gone shows with the next SYN that is refused, and that it is back with the next that is accepted.
  for (const [i, phase] of phases.entries()) {
    const next = phases[i + 1]?.from ?? context.end;
    if (at > phase.last && at < next)
      return 'between a SYN and the next, of which one was refused and the other was not';
  }
  // A timer of Linux ends up to 2.1 s late.
  const late = intervals.find(({ until, untilLatest }) => at >= until && at < untilLatest);
  return late?.bindFails[which] === true ? 'the timer may have ended or not' : null;
}

async function compare(folder: string, file: string, service: string): Promise<{ told: number; wrong: string[] }> {
  const { bind_probes: probes, facts, actions } = readTruth(folder) as unknown as Probes;
  const { context } = await runAnalysis([join(folder, file)]);
  const known = portOf(context, service);
  const old = facts.so_reuseaddr_old ?? actions.find(({ op }) => op === 'listen')!.reuse === true;
  let told = 0;
  const wrong: string[] = [];
  for (const { changes, end } of probes) {
    for (const [i, { t, variant, result }] of changes.entries()) {
      const [option, address] = variant.split('/');
      if (address !== 'specific') continue;
      const next = changes.slice(i + 1).find((change) => change.variant === variant)?.t ?? end;
      // The process that listens after the restart is the old one then.
      const isNew = facts.service_up_at !== undefined && t >= facts.service_up_at - 0.001;
      const which = reuseCase(isNew ? facts.so_reuseaddr_new === true : old, option === 'reuse');
      for (let step = 0; step < 20; step++) {
        const time = t + 0.002 + ((next - t - 0.06) * step) / 20;
        const at = timeOf(context, time);
        if (time > next - 0.05 || unknowable(context, known, at, which) !== null) continue;
        const { fails } = answerOf(context.lifetimes, known, at, which, context.end);
        told++;
        if (fails !== (result !== 'ok')) wrong.push(`${variant} at ${time.toFixed(3)}: ${result}, not ${fails}`);
      }
    }
  }
  return { told, wrong };
}

describe('bind() as it was tried', () => {
  for (const name of ['restart_outage', 'restart_outage_reuse', 'restart_reuseaddr_new_only', 'simultaneous_pool']) {
    itShared(name, ['stories', name], async (folder) => {
      const { facts } = readTruth(folder) as unknown as Probes;
      for (const file of capturesIn(folder)) {
        const { told, wrong } = await compare(folder, file, facts.service!);
        expect(wrong, file).toEqual([]);
        expect(told, file).toBeGreaterThan(name === 'restart_outage_reuse' ? 10 : 30);
      }
    });
  }

  // Nobody tried to connect after the listener was closed: what the capture has ends there, with one TIME_WAIT.
  itShared(
    'restart_noreuse: by the sockets alone, since the capture has no SYN that was refused',
    ['cases', 'restart_noreuse'],
    async (folder) => {
      const { bind_probes: probes } = readTruth(folder) as unknown as Probes;
      const { changes } = probes[0]!;
      for (const file of capturesIn(folder)) {
        const { context } = await runAnalysis([join(folder, file)]);
        const known = portOf(context);
        const ask = (t: number, fresh: boolean) =>
          answerOf(context.lifetimes, known, timeOf(context, t), reuseCase(false, fresh), context.end);
        const freed = changes.find(({ result }) => result === 'ok')!.t;
        for (const fresh of [false, true]) {
          const blocked = ask(changes[0]!.t + 1, fresh);
          expect(blocked).toMatchObject({ fails: true, held: { states: { TIME_WAIT: 1 } } });
          expect(blocked.worksAt).toBeLessThanOrEqual(timeOf(context, freed) + 0.1 * SECOND);
          expect(blocked.worksAtLatest).toBeGreaterThan(timeOf(context, freed - 0.1));
          // By the timers' granularity it may be there for 2.1 s more; after that nothing but a listener could be.
          expect(ask(freed + 3, fresh)).toMatchObject({ fails: null, doubt: 'after', held: { sockets: 0 } });
        }
      }
    },
  );

  itShared(
    'restart_reuse: a second listener with the option on both, while a TIME_WAIT is there',
    ['cases', 'restart_reuse'],
    async (folder) => {
      const { actions } = readTruth(folder) as unknown as Probes;
      const again = actions.filter(({ op, result }) => op === 'listen' && result === 'ok')[1]!.t;
      for (const file of capturesIn(folder)) {
        const { context } = await runAnalysis([join(folder, file)]);
        // bind() worked at that time. The capture has SYNs that were accepted before and after, and none that was refused
        // between: to it the listener was there all the time. Without it the sockets would not have been in the way.
        const { held, phase } = answerOf(
          context.lifetimes,
          portOf(context),
          timeOf(context, again),
          'both',
          context.end,
        );
        expect([held.states, phase?.listening]).toEqual([{ TIME_WAIT: 1 }, true]);
        const { ledger } = portOf(context);
        expect(ledger.profile.bind['time-wait'].both).toBe(false);
      }
    },
  );

  itShared(
    'sigstop_server: a stopped process holds its port whatever the options',
    ['cases', 'sigstop_server'],
    async (folder) => {
      const { facts } = readTruth(folder) as unknown as { facts: Record<string, { t: number; bind: string }[]> };
      for (const file of capturesIn(folder)) {
        const { context } = await runAnalysis([join(folder, file)]);
        const known = portOf(context);
        for (const { t, bind } of [...facts['bind_while_stopped']!, ...facts['bind_close_wait']!]) {
          expect(bind).toBe('EADDRINUSE');
          const at = timeOf(context, t / SECOND);
          // The last packet was long before the second pair: who listens then, nobody saw.
          const options = at <= context.end ? [false, true] : [false];
          for (const fresh of options) {
            expect(answerOf(context.lifetimes, known, at, reuseCase(true, fresh), context.end).fails, file).toBe(true);
          }
        }
        const [after] = facts['bind_after_kill']!;
        const freed = answerOf(context.lifetimes, known, timeOf(context, after!.t / SECOND), 'neither', context.end);
        expect(after!.bind).toBe('ok');
        expect(freed.held.sockets).toBe(0);
      }
    },
  );
});

describe('the end of a block', () => {
  for (const name of casesIn(STORIES)) {
    const folder = join(STORIES, name);
    const { facts } = readTruth<{ blocked_port?: string; blocked_until?: number | null; cause: string }>(folder);
    if (facts.blocked_port == null || facts.blocked_until == null) continue;
    for (const file of capturesIn(folder)) {
      // The client's end lacks two of the RSTs that ended TIME_WAIT early.
      if (name === 'tw_killed_by_rst' && file.startsWith('client')) continue;
      // A stopped process listens, and nobody was refused: the answer is "as long as it does".
      if (name === 'ctrl_z') continue;
      it(`${name}, ${file}: is measured within 2.2 s`, async () => {
        const { context } = await runAnalysis([join(folder, file)]);
        const known = portOf(context, facts.blocked_port);
        const measured = timeOf(context, facts.blocked_until!);
        const within = known.ledger.intervals.filter(
          ({ listening, until, untilLatest }) =>
            (!listening || name === 'tw_killed_by_rst') &&
            measured > until - 2.2 * SECOND &&
            measured < untilLatest + 2.2 * SECOND,
        );
        expect(within.length).toBeGreaterThan(0);
      });
    }
  }
});
