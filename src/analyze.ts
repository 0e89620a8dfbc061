/** The library's entry: the captures are read, by several threads where that helps, and the report is made. */

import { readFileSync } from 'node:fs';
import { CommonGauge, startCrew, threadsFor } from './crew.ts';
import { SKIP_REASONS } from './decode/outcome.ts';
import type { SplitWord } from './decode/split.ts';
import type { Context, PortRange } from './findings/context.ts';
import type { RuleName } from './findings/rule.ts';
import { type CaptureOptions, type CaptureSet, type Moment, openCaptures } from './input/captures.ts';
import type { CaptureClock } from './input/clock.ts';
import { findCaptures } from './input/find.ts';
import { judge } from './judge.ts';
import { type Kernel, startKernel } from './kernel/kernel.ts';
import { type RedactOptions, Redactor } from './redact/redactor.ts';
import type { FlowCollector } from './report/flows.ts';
import type { Gauge } from './report/gauge.ts';
import type { ServiceTotals } from './report/services.ts';
import type { Capture, Flow, Report } from './report/types.ts';
import { readShare } from './share.ts';
import { type OsChoice, parseSystems } from './systems.ts';
import { checkedPortRange, thresholdsOf } from './thresholds.ts';
import { formatTime, NS_PER_SECOND, nsToSeconds } from './units.ts';
import { parseWhere } from './where/where.ts';

export interface AnalysisOptions {
  /** keep the flows that match, in the language of `--where`; the totals are of these */
  where?: string | undefined;
  /** flows in `report.flows`, the most interesting of all; default 100,000 */
  maxFlows?: number | undefined;
  /**
   * the operating system at every end, or by address ('*': all others): linux, windows, macos, freebsd, solaris, rfc9293,
   * or auto (the default): what each end's SYN or SYN-ACK tells, Linux where it tells nothing
   */
  os?: OsChoice | Readonly<Record<string, OsChoice>> | undefined;
  /**
   * what tells equal 4-tuples apart: `vlan` (VLAN tags, PBB instances), `tunnel` (GRE keys, VNIs, PPPoE and ERSPAN sessions;
   * of other tunnels their kind). By default nothing does: they are one flow, as in Wireshark
   */
  splitBy?: readonly SplitWord[] | undefined;
  /** TIME_WAIT's length, seconds, in place of the profile's */
  timeWaitSeconds?: number | undefined;
  /** the timer of an orphaned FIN_WAIT_2, seconds, in place of the profile's */
  finTimeoutSeconds?: number | undefined;
  /** the same as a function */
  accepts?: ((flow: Flow) => boolean) | undefined;
  /** from which value a rule fires, by its name, in seconds, numbers or shares of 1: `teardown explain` says which */
  thresholds?: Partial<Readonly<Record<RuleName, number>>> | undefined;
  /** ephemeral ports of the clients; Linux's (32768 to 60999) where it isn't said */
  portRange?: PortRange | undefined;
  /** called with every flow when it ends, in that order; nothing is kept for it, so a long capture can be streamed */
  onFlow?: ((flow: Flow) => void) | undefined;
  /** called about every 50 ms: bytes read, bytes in all (null for pipes), packets so far */
  onProgress?: CaptureOptions['onProgress'];
  /** threads that share the work; as many as help where it isn't said. 1 for onFlow, accepts, where, and pipes */
  threads?: number | undefined;
  /** false: all goes the general way through the program, none through the WebAssembly kernel; the report is the same */
  kernel?: boolean | undefined;
  /** what '-' reads, in place of standard input */
  stdin?: CaptureOptions['stdin'];
  /**
   * reads on as the file grows, until the signal is aborted, as `tail -f`: the report is of what the file has then, and a
   * record that is half written is no damage. For a single file, by one thread; a file that is cut meanwhile, or whose
   * name another takes, is damage and ends it
   */
  follow?: AbortSignal | undefined;
}

export interface AnalyzeOptions extends AnalysisOptions {
  /**
   * true or how: other names for addresses and files, in the report and in what `onFlow` gets. `where` and `accepts` know the real
   * ones
   */
  redact?: boolean | RedactOptions | undefined;
}

/** Default of `maxFlows`. */
export const MAX_FLOWS = 100_000;

/**
 * Analyses captures as one: several files are merged by time.
 * @param files paths of pcap, pcapng, snoop or ERF files, of folders that hold such, or patterns (findCaptures), '-' for standard input
 * @returns the report; damage in a file is in `report.capture.damage`, and everything before it was analysed
 * @throws InputError where a file can't be opened, is no capture or can't be followed: nothing was analysed then
 * @throws WhereError where `options.where` is no expression
 * @throws OsError where `options.os` names no system or no address
 * @throws ThresholdError (a RangeError) where `options.thresholds` names no rule that has one, or a value outside its bounds
 * @throws RangeError where `options.portRange` is no range of ports
 */
export async function analyze(files: readonly string[], options: AnalyzeOptions = {}): Promise<Report> {
  const { redact, ...others } = options;
  const found = (await findCaptures(files)).files;
  return await redacted(redact, others.onFlow, (onFlow) => runAnalysis(found, { ...others, onFlow }));
}

/** The report of an analysis, redacted if that is wanted, as are its flows on their way to `onFlow`. */
export async function redacted(
  redact: AnalyzeOptions['redact'],
  onFlow: AnalysisOptions['onFlow'],
  analysis: (onFlow: AnalysisOptions['onFlow']) => Promise<Analysis>,
): Promise<Report> {
  if (redact === undefined || redact === false) return (await analysis(onFlow)).report;
  const redactor = new Redactor(redact === true ? {} : redact);
  const analyzed = await analysis(onFlow && ((flow) => onFlow(redactor.flow(flow))));
  return redactor.analysis(analyzed).report;
}

export interface Analysis {
  report: Report;
  /** who closes first by service, over all flows: what a summary shows beside the report */
  services: ServiceTotals;
}

/** What the judgement of a report was made of: for questions about single ports. */
export interface JudgedAnalysis extends Analysis {
  context: Context;
}

/** As analyze() does with files, with what the summaries show beside the report; nothing is redacted. */
export async function runAnalysis(files: readonly string[], options: AnalysisOptions = {}): Promise<JudgedAnalysis> {
  const accepts = acceptsOf(options);
  const systems = parseSystems(options);
  const thresholds = thresholdsOf(options.thresholds);
  const portRange = checkedPortRange(options.portRange);
  const maxFlows = options.maxFlows ?? MAX_FLOWS;
  const { onFlow, onProgress, stdin, follow } = options;
  const { splitBy = [] } = options;
  const kernel = kernelFor(options);
  const captures = await openCaptures(files, { onProgress, stdin, follow, place: kernel ?? undefined });
  // What asks for flows as they end wants them in one order.
  const shares = onFlow === undefined && accepts === undefined ? threadsFor(files, captures, options.threads) : 1;
  const live = onFlow !== undefined && (follow !== undefined || !captures.rereadable);
  const gauge = new CommonGauge(shares);
  const crew = startCrew({ files, shares, systems, maxFlows, splitBy, kernel: kernel !== null }, gauge);
  const { clock, tracker, collector, skipped, hasAggregates } = await readShare(
    captures,
    { share: 0, shares },
    { systems, maxFlows, splitBy, where: accepts, onFlow, intervals: gauge, live },
    kernel,
  ).catch((error: unknown) => {
    crew.stop();
    throw error;
  });
  const others = await crew.done.catch(() => null);
  // A thread could not be had, or a file has grown and they have not read the same: then alone. So too where a frame
  // held several packets: its number does not tell in which order they opened flows.
  const isTied = shares > 1 && hasAggregates;
  if (others === null || isTied || others.some(({ packets }) => packets !== clock.packets)) {
    crew.stop();
    return await runAnalysis(files, { ...options, threads: 1 });
  }
  if (shares > 1) collector.absorb(others.map(({ part }) => part));
  const sum = (own: number, of: 'segments' | 'duplicates' | 'givenUp') =>
    others.reduce((all, other) => all + other[of], own);

  const { tcpPackets, duplicates, flowsGivenUp } = {
    tcpPackets: sum(tracker.segments, 'segments'),
    duplicates: sum(tracker.duplicates, 'duplicates'),
    flowsGivenUp: sum(tracker.givenUp, 'givenUp'),
  };
  const position = collector.totals.position();
  const capture = captureOf(captures, clock, skipped, { tcpPackets, duplicates, flowsGivenUp, position });
  const { flows, assumptions } = collector.listed();
  kernel?.release(); // nothing reads the flows any more
  return concluded({
    capture,
    clock,
    collector,
    flows,
    assumptions,
    gauge: gauge.gauge,
    start: clock.empty ? 0 : clock.firstSince(clock.originSeconds),
    portRange,
    thresholds,
    isFiltered: accepts !== undefined,
  });
}

/** The flows that the options keep; undefined: all. @throws WhereError */
export function acceptsOf({ where, accepts }: Pick<AnalysisOptions, 'where' | 'accepts'>): AnalysisOptions['accepts'] {
  if (where === undefined) return accepts;
  const expression = parseWhere(where);
  return (flow) => expression.matches(flow);
}

/** The WebAssembly kernel where it may be used: it knows flows by their 4-tuples alone. */
export function kernelFor({ kernel, splitBy = [] }: Pick<AnalysisOptions, 'kernel' | 'splitBy'>): Kernel | null {
  return kernel === false || splitBy.length > 0 ? null : startKernel();
}

/** What a report is concluded from. */
export interface Read {
  capture: Capture;
  clock: CaptureClock;
  collector: FlowCollector;
  /** listed, and what was assumed of their ends */
  flows: Flow[];
  assumptions: Report['assumptions'];
  /** that the TIME_WAITs came to */
  gauge: Gauge;
  /** of what is reported, ns since the capture's first second */
  start: number;
  portRange: PortRange | null;
  thresholds: Readonly<Record<RuleName, number>>;
  isFiltered: boolean;
}

/** The report of what was read, with its findings. */
export function concluded({ capture, clock, collector, flows, assumptions, gauge, ...judged }: Read): JudgedAnalysis {
  const totals = collector.totals.result(clock.originSeconds, gauge);
  const { context, findings, ports } = judge({
    ...judged,
    evidence: collector.evidence,
    serviceCounter: collector.services,
    capture,
    totals,
    assumptions,
    originSeconds: clock.originSeconds,
    end: clock.empty ? 0 : clock.endSince(clock.originSeconds),
    listed: flows,
  });
  const report: Report = {
    schema: 'teardown.report/1',
    tool: { name: 'pcap-teardown', version: VERSION },
    capture,
    assumptions,
    totals,
    findings,
    ports,
    flows,
  };
  return { report, services: collector.services.result(), context };
}

/** What was read, as the report tells it. @param skipped packets without a segment, by index in SKIP_REASONS */
export function captureOf(
  captures: Pick<CaptureSet, 'files' | 'damage' | 'dropped'>,
  clock: CaptureClock,
  skipped: Float64Array,
  counted: Pick<Capture, 'tcpPackets' | 'duplicates' | 'flowsGivenUp' | 'position'>,
): Capture {
  const { first, last } = clock;
  return {
    live: null,
    files: captures.files.map(({ first, last, ...file }) => ({
      ...file,
      firstPacket: stamp(first),
      lastPacket: stamp(last),
    })),
    packets: clock.packets,
    tcpPackets: counted.tcpPackets,
    duplicates: counted.duplicates,
    outOfOrder: clock.outOfOrder,
    flowsGivenUp: counted.flowsGivenUp,
    dropped: captures.dropped,
    skipped: Object.fromEntries(
      SKIP_REASONS.map((reason, i): [string, number] => [reason, skipped[i]!]).filter(([, n]) => n > 0),
    ),
    damage: captures.damage,
    position: counted.position,
    firstPacket: stamp(first),
    lastPacket: stamp(last),
    seconds: secondsBetween(first, last),
  };
}

/** The version in package.json. */
export const VERSION: string = readVersion();

function readVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(text) as { version: string };
  return version;
}

function stamp(moment: Moment | null): string | null {
  return moment === null ? null : formatTime(moment.seconds, moment.nanoseconds);
}

function secondsBetween(first: Moment | null, last: Moment | null): number {
  if (first === null || last === null) return 0;
  return nsToSeconds((last.seconds - first.seconds) * NS_PER_SECOND + last.nanoseconds - first.nanoseconds);
}
