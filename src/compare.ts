/** Two captures of the same connections on one page: read both, join their flows, compare their segments, merge. */

import { type Analysis, type AnalyzeOptions, captureOf, MAX_FLOWS, redacted, VERSION } from './analyze.ts';
import type { OneCapture } from './compare/captures.ts';
import { CardReader } from './compare/card.ts';
import { ClockSamples } from './compare/clock.ts';
import { FlowCounts } from './compare/counts.ts';
import { followSegments } from './compare/follow.ts';
import { join } from './compare/join.ts';
import { Merger } from './compare/merger.ts';
import { Outcomes, type Window } from './compare/outcomes.ts';
import { MOST_SEGMENTS } from './compare/read.ts';
import type { SplitWord } from './decode/split.ts';
import { type CaptureSet, openCaptures } from './input/captures.ts';
import type { CaptureClock } from './input/clock.ts';
import { InputError } from './input/errors.ts';
import { findCaptures } from './input/find.ts';
import { AddressBook } from './report/address-book.ts';
import { Best } from './report/best.ts';
import type { IntervalSink } from './report/intervals.ts';
import type { ComparisonTotals, Flow, Report } from './report/types.ts';
import { readShare } from './share.ts';
import { parseSystems } from './systems.ts';
import { type SystemSettings, Systems } from './teardown/systems.ts';
import { NS_PER_SECOND } from './units.ts';
import { parseWhere } from './where/where.ts';

export interface ComparisonOptions
  extends Pick<
    AnalyzeOptions,
    'where' | 'maxFlows' | 'os' | 'timeWaitSeconds' | 'finTimeoutSeconds' | 'splitBy' | 'onFlow' | 'onProgress'
  > {
  /** segments of either capture that are held at a time, 40 bytes each; with fewer the files are read more often. 4,194,304 */
  segmentsAtOnce?: number | undefined;
}

export interface CompareOptions extends ComparisonOptions, Pick<AnalyzeOptions, 'redact'> {}

export interface ComparisonAnalysis extends Analysis {
  comparison: ComparisonTotals;
}

/**
 * Compares two captures of the same connections: a report whose client ends are as CLIENT shows them and whose server
 * ends as SERVER does, with all times on the client's clock. Either is a file, a folder or a pattern (findCaptures); all is read
 * more than once.
 * @throws InputError where one can't be opened, is no capture or can't be read again: nothing was analysed then
 * @throws WhereError where `options.where` is no expression
 * @throws OsError where `options.os` names no system or address
 */
export async function compare(client: string, server: string, options: CompareOptions = {}): Promise<Report> {
  const files = async (operand: string) => (await findCaptures([operand])).files;
  const { redact, ...others } = options;
  const both = [await files(client), await files(server)] as const;
  return await redacted(redact, others.onFlow, (onFlow) => runComparison(...both, { ...others, onFlow }));
}

/** As compare(), with what the summaries show beside the report and nothing redacted. `onFlow` is called in the order of the flows' ids. */
export async function runComparison(
  client: readonly string[],
  server: readonly string[],
  options: ComparisonOptions = {},
): Promise<ComparisonAnalysis> {
  const where = options.where === undefined ? undefined : parseWhere(options.where);
  const systems = parseSystems(options);
  const progress = { onProgress: options.onProgress };
  // Both are opened before either is read: a wrong path is told at once.
  const opened = [await openCaptures(client, progress), await openCaptures(server, progress)] as const;
  if (!opened.every(({ rereadable }) => rereadable)) {
    throw new InputError("can't compare a pipe", 'both captures are read twice', 'save it to a file first');
  }
  const { splitBy = [] } = options;
  const captures = [await readOne(opened[0], systems, splitBy), await readOne(opened[1], systems, splitBy)] as const;
  const book = new AddressBook(new Systems(systems));
  for (const { collector } of captures) collector.teach(book);
  const pairs = join(captures[0].cards, captures[1].cards);
  const samples = new ClockSamples();
  const outcomes = new Outcomes(pairs.length, [captures[0].window, captures[1].window], samples);
  const most = options.segmentsAtOnce ?? MOST_SEGMENTS;
  await followSegments([client, server], captures, pairs, samples, outcomes, most, splitBy);
  outcomes.settle();

  const best = new Best<Flow>(options.maxFlows ?? MAX_FLOWS);
  const merger = new Merger(captures, pairs, samples.fit(), outcomes, book);
  const counts = new FlowCounts(captures[0].origin, merger.clocks());
  for (const { flow, interest, seenAt } of merger.flows()) {
    if (where !== undefined && !where.matches(flow)) continue;
    counts.add(flow, seenAt);
    options.onFlow?.(flow);
    if (best.wants(interest, flow.id)) best.add(flow, interest, flow.id);
  }
  const flows = best.inOrder();
  const { totals, services, comparison } = counts.result();
  const report: Report = {
    schema: 'teardown.report/1',
    tool: { name: 'pcap-teardown', version: VERSION },
    capture: merger.capture(),
    assumptions: merger.assumptionsOf(flows),
    totals,
    findings: [],
    ports: [],
    flows,
  };
  return { report, services, comparison };
}

/** What each capture has of TIME_WAITs is counted when they are joined. */
const UNCOUNTED: IntervalSink = { add: () => undefined };

async function readOne(set: CaptureSet, systems: SystemSettings, splitBy: readonly SplitWord[]): Promise<OneCapture> {
  const all = { systems, splitBy, maxFlows: Number.POSITIVE_INFINITY, intervals: UNCOUNTED };
  const { clock, tracker, collector, skipped } = await readShare(set, { share: 0, shares: 1 }, all);
  const capture = captureOf(set, clock, skipped, {
    tcpPackets: tracker.segments,
    duplicates: tracker.duplicates,
    flowsGivenUp: tracker.givenUp,
    position: collector.totals.position(),
  });
  const kept = collector.kept();
  const cards = new CardReader();
  const origin = clock.originSeconds;
  return {
    capture,
    origin,
    window: windowOf(clock),
    collector,
    kept,
    cards: kept.map(({ ints }) => cards.read(ints, origin)),
  };
}

function windowOf(clock: CaptureClock): Window {
  const since = (seconds: number, nanoseconds: number) => (seconds - clock.originSeconds) * NS_PER_SECOND + nanoseconds;
  if (clock.empty) return { first: Number.POSITIVE_INFINITY, last: Number.NEGATIVE_INFINITY };
  return {
    first: since(clock.firstSeconds, clock.firstNanoseconds),
    last: since(clock.lastSeconds, clock.lastNanoseconds),
  };
}
