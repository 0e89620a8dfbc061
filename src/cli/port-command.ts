import { existsSync } from 'node:fs';
import { MAX_FLOWS, runAnalysis } from '../analyze.ts';
import type { Context } from '../findings/context.ts';
import { outagesOf } from '../findings/outages.ts';
import { type PortPage, portText } from '../output/port.ts';
import { plain } from '../output/style.ts';
import { type Answer, answerOf, type KnownPort, type ReuseCase, reuseCase } from '../ports/answer.ts';
import { portRecord } from '../ports/record.ts';
import { NS_PER_SECOND } from '../units.ts';
import { parsePort } from './asked-port.ts';
import { EXIT_DAMAGED, EXIT_DONE, EXIT_NOTHING, UsageError, warnOfDamage } from './errors.ts';
import { type AnalyzeFlags, redactorOf, systemOptions } from './flags.ts';
import { capturesOf } from './inputs.ts';
import { type PortNowFlags, portNowCommand } from './port-now-command.ts';
import { Progress } from './progress.ts';
import { outputWidth, wantsColor, writeOut } from './terminal.ts';

export interface PortFlags extends Omit<AnalyzeFlags, 'format'>, PortNowFlags {
  at?: string;
}

/** Addresses that `*:PORT` tells of. */
const MOST = 8;

/** `teardown port [FILE...] ADDR:PORT` @returns the exit code */
export async function portCommand(operands: string[], flags: PortFlags): Promise<number> {
  const inputs = operands.slice(0, -1);
  const asked = operands.at(-1);
  if (asked === undefined || (inputs.length === 0 && existsSync(asked))) {
    throw new UsageError('port needs a capture and a port', 'as in: teardown port web.pcap 10.0.0.1:80');
  }
  if (inputs.length === 0) {
    refuseCaptureOptions(flags);
    return portNowCommand(parsePort(asked), flags);
  }
  if (flags.try === true) throw new UsageError('--try is for this machine', 'as in: teardown port *:80 --try');
  const { address, port } = parsePort(asked);
  const time = flags.at === undefined ? null : parseTime(flags.at);
  const files = await capturesOf(inputs, flags.quiet === true);
  const progress = new Progress(flags.progress && flags.quiet !== true);
  const { report, context } = await runAnalysis(files, {
    ...systemOptions(flags),
    splitBy: flags.splitBy,
    maxFlows: flags.maxFlows ?? MAX_FLOWS,
    onProgress: progress.update,
  }).finally(() => progress.end());
  const redactor = redactorOf(flags);
  if (redactor !== null) redactor.report(report); // labels as the report would have them
  const all = context.portsOf(address, port);
  const damaged = report.capture.damage.length > 0;
  warnOfDamage(report.capture);
  if (all.length === 0) {
    const hint = `teardown ${inputs.join(' ')} lists the flows`;
    process.stderr.write(`teardown: no flow has ${plain(asked)}\n  ${plain(hint)}\n`);
    return damaged ? EXIT_DAMAGED : EXIT_NOTHING;
  }
  const which = reuseCase(flags.oldReuseaddr === true, flags.newReuseaddr === true);
  const pages = all.slice(0, MOST).map((known) => pageOf(context, known, which, time));
  const text =
    flags.format === 'json'
      ? `${JSON.stringify(
          pages.map((page) => answerRecord(context, page)),
          null,
          2,
        )}\n`
      : pages.map((page) => portText(page, { color: wantsColor(flags.color), width: outputWidth() })).join('\n');
  writeOut([redactor?.text(text) ?? text]);
  if (all.length > MOST && flags.quiet !== true) {
    process.stderr.write(`teardown: ${all.length - MOST} more addresses have this port: name one\n`);
  }
  return damaged ? EXIT_DAMAGED : EXIT_DONE;
}

/** What is told of this machine at this moment leaves nothing to choose. @throws UsageError */
function refuseCaptureOptions(flags: PortFlags): void {
  const given = CAPTURE_OPTIONS.find((name) => flags[name] !== undefined);
  if (given === undefined) return;
  const option = given.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw new UsageError(`--${option} needs a capture`, 'as in: teardown port web.pcap 10.0.0.1:80');
}

const CAPTURE_OPTIONS = [
  'at',
  'os',
  'timeWait',
  'finTimeout',
  'splitBy',
  'redact',
  'redactMode',
  'redactPorts',
  'maxFlows',
] as const satisfies (keyof PortFlags)[];

/** @param time parsed; null: where it is most worth asking */
function pageOf(context: Context, known: KnownPort, which: ReuseCase, time: Time | null): PortPage {
  const { at, because } =
    time === null ? whenToAsk(context, known, which) : { at: resolve(context, time), because: '' };
  return {
    known,
    answer: answerOf(context.lifetimes, known, at, which, context.end),
    which,
    because,
    start: context.start,
    end: context.end,
    moment: (ns) => context.moment(ns),
  };
}

/** When nobody listened, if that is known and bind() failed then; else the capture's end. */
function whenToAsk(context: Context, known: KnownPort, which: ReuseCase): { at: number; because: string } {
  const outages = outagesOf(context).filter(
    ({ service, before }) => before !== null && context.ledger(service) === known.ledger,
  );
  const worst = outages.reduce<(typeof outages)[number] | null>(
    (most, each) => (most === null || each.until - each.from > most.until - most.from ? each : most),
    null,
  );
  if (worst !== null) {
    const { fails } = answerOf(context.lifetimes, known, worst.from, which, context.end);
    if (fails === true) return { at: worst.from, because: 'when it began to refuse its clients' };
  }
  return { at: context.end, because: "the capture's end" };
}

function answerRecord(context: Context, { known, answer, which }: PortPage): Record<string, unknown> {
  const time = (ns: number): string | null => (Number.isFinite(ns) ? context.time(ns) : null);
  const { fails, phase, held, worksAt, worksAtLatest } = answer satisfies Answer;
  return {
    at: context.time(answer.at),
    reuseAddr: which,
    bindFails: fails,
    listening: phase?.listening ?? null,
    sockets: held.sockets,
    states: held.states,
    flows: held.ids,
    worksAt: fails === true && !answer.byListener ? time(worksAt) : null,
    worksAtLatest: fails === true && !answer.byListener ? time(worksAtLatest) : null,
    ledger: portRecord(known.ledger, known.address, known.port, (ns) => context.time(ns)),
  };
}

/** A time: seconds since 1970; seconds since the first packet; a time of the first packet's day, seconds. */
type Time = { epoch: number } | { since: number } | { ofDay: number };

/** @throws UsageError */
function parseTime(text: string): Time {
  const since = /^\+(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text);
  if (since !== null) return { since: Number(since[1]) * UNITS[since[2] ?? 's']! };
  if (/^\d+(\.\d+)?$/.test(text)) return { epoch: Number(text) };
  const day = /^([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d(?:\.\d+)?))?$/.exec(text);
  if (day !== null) return { ofDay: Number(day[1]) * 3600 + Number(day[2]) * 60 + Number(day[3] ?? 0) };
  const parsed = /^\d{4}-\d\d-\d\d/.test(text)
    ? Date.parse(/[zZ]$|[+-]\d\d:\d\d$/.test(text) ? text : `${text}Z`)
    : Number.NaN;
  if (!Number.isNaN(parsed)) return { epoch: parsed / 1000 };
  throw new UsageError(
    `${text} is no time`,
    'as in: 12:03:10, 2026-03-02T12:03:10Z (UTC), 1772452990 (since 1970), +30s (since the first packet)',
  );
}

const UNITS: Record<string, number> = { ms: 0.001, s: 1, m: 60, h: 3600 };

/** @returns ns since the capture's first second */
function resolve(context: Context, time: Time): number {
  const origin = context.originSeconds;
  if ('since' in time) return context.start + time.since * NS_PER_SECOND;
  if ('epoch' in time) return (time.epoch - origin) * NS_PER_SECOND;
  const midnight = Math.floor(origin / 86_400) * 86_400;
  const at = (midnight + time.ofDay - origin) * NS_PER_SECOND;
  // A capture that goes over midnight.
  return at < context.start - NS_PER_SECOND && context.end - context.start < 86_400 * NS_PER_SECOND
    ? at + 86_400 * NS_PER_SECOND
    : at;
}
