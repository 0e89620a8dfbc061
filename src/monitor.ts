/** A capture while it is made: what there is now, reports in between, and the report at the end. */

import type { Readable } from 'node:stream';
import {
  type AnalysisOptions,
  acceptsOf,
  captureOf,
  concluded,
  type JudgedAnalysis,
  kernelFor,
  MAX_FLOWS,
} from './analyze.ts';
import { ALONE } from './decode/shares.ts';
import * as L from './flow/layout.ts';
import { type CaptureSet, openCaptures } from './input/captures.ts';
import type { InputError } from './input/errors.ts';
import type { Kernel } from './kernel/kernel.ts';
import { Gauge, GaugeSwitch } from './report/gauge.ts';
import type { Capture, Damage, Finding, Flow, LiveSource } from './report/types.ts';
import { ShareReader } from './share.ts';
import type { Witness } from './sockets/witness.ts';
import { timeText } from './sockets/witness-times.ts';
import { parseSystems } from './systems.ts';
import { checkedPortRange, thresholdsOf } from './thresholds.ts';
import { formatTime, NS_PER_MS } from './units.ts';
import { censusOf } from './watch/census.ts';
import { withKernelFindings } from './watch/kernel-findings.ts';
import { asOfNow } from './watch/present.ts';
import { PacketRate } from './watch/rate.ts';
import { socketsOf } from './watch/sockets.ts';
import type { LiveView } from './watch/view.ts';

/** After so long without a packet none waits in the kernel's buffer, ms. */
const QUIET_MS = 250;

/** How late a packet may come at most, after which nothing more is expected of that time, ms. */
const LATE_MS = 1000;

/** Flows of this machine that are kept with what its kernel told, some 5 kB each. */
const MOST_TOLD = 10_000;

/** Flows listed where findings alone are wanted: they name a few, and a list of 100,000 takes 10 s. */
const ENOUGH_TO_JUDGE = 1_000;

export interface MonitorOptions
  extends Omit<AnalysisOptions, 'threads' | 'stdin' | 'follow' | 'onProgress' | 'maxFlows'> {
  /** the packets: pcap or pcapng */
  stream: Readable;
  source: LiveSource;
  /** called with each flow when its close is complete; its TIME_WAIT may still last */
  onClosed?: ((flow: Flow) => void) | undefined;
  /** what this machine's kernel tells of its own sockets, beside the packets */
  witness?: Witness | undefined;
  /** packets dropped since the start, as last told; null: not known */
  dropped: () => number | null;
  /** flows listed in a report: the most interesting */
  maxFlows?: number | undefined;
  /** ms since 1970; for tests */
  now?: (() => number) | undefined;
}

/**
 * Follows a stream of packets as it comes, in bounded memory: of flows that have ended the most interesting are kept, and of
 * the numbers for findings those of the newest.
 */
export class Monitor {
  readonly startedAt: number;
  readonly #options: MonitorOptions;
  readonly #kernel: Kernel | null;
  readonly #accepts: AnalysisOptions['accepts'];
  /** null: not enough has come to tell what it is */
  #captures: CaptureSet | null = null;
  readonly #reader: ShareReader;
  readonly #portRange;
  readonly #thresholds;
  readonly #now: () => number;
  readonly #rate = new PacketRate();
  #gauge = new GaugeSwitch();
  /** counted before the period at hand */
  #before: Counted;
  /** packets of the periods before */
  #packetsBefore = 0;
  #flowsBefore = 0;
  /** of the period at hand, ns since the capture's first second; null: since the first packet */
  #start: number | null = null;
  /** of the newest that have ended, those of which this machine's kernel knew something */
  readonly #toldFlows = new Map<number, Flow>();
  #findings: { made: Finding[]; at: number | null } = { made: [], at: null };
  #isOver = false;
  /** of the period at hand, ms since 1970 */
  #from: number;
  /** when the capture ended, ms since 1970; null: it goes on */
  #until: number | null = null;
  #failure: InputError | null = null;

  /** @throws WhereError, OsError, ThresholdError, RangeError as analyze() */
  constructor(options: MonitorOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.startedAt = this.#now();
    this.#from = this.startedAt;
    this.#portRange = checkedPortRange(options.portRange);
    this.#thresholds = thresholdsOf(options.thresholds);
    this.#accepts = acceptsOf(options);
    const settings = {
      systems: parseSystems(options),
      maxFlows: options.maxFlows ?? MAX_FLOWS,
      splitBy: options.splitBy,
      where: this.#accepts,
      onFlow: witnessed(options.onFlow, (flow) => this.#witnessed(flow)),
      onClosed: witnessed(options.onClosed, (flow) => this.#witnessed(flow)),
      onKept: options.witness && ((flow: Flow) => this.#tell(flow)),
      intervals: this.#gauge,
      newest: true,
      live: true,
    };
    this.#kernel = kernelFor(options);
    this.#reader = new ShareReader(ALONE, settings, this.#kernel);
    this.#before = this.#counted();
  }

  /**
   * Until the stream ends: once.
   * @param lastLook at the kernel's sockets, before the connections that are left are told
   * @throws InputError where it is no capture
   */
  async run(lastLook?: () => Promise<void>): Promise<void> {
    const { stream } = this.#options;
    this.#captures = await openCaptures(['-'], { stdin: stream, place: this.#kernel ?? undefined });
    const timer = setInterval(() => this.#passTime(), LATE_MS / 4);
    try {
      await this.#reader.read(this.#captures);
    } finally {
      clearInterval(timer);
    }
    await lastLook?.();
    this.#passTime(0);
    this.#until = this.#now();
    this.#isOver = true;
    this.#reader.finish();
  }

  /** The capture did not end as it was asked to: that is damage, which ends what is reported. */
  noteFailure(failure: InputError | null): void {
    this.#failure = failure;
  }

  /** Whether all has come that was captured up to a time, ms since 1970: a later packet has, or none for a while. */
  hasAllUntil(ms: number): boolean {
    const { clock } = this.#reader;
    const { last } = clock;
    if (last !== null && last.seconds * 1000 + last.nanoseconds / NS_PER_MS >= ms) return true;
    if (this.#captures === null) return true; // nothing has come at all
    const { waitingSince } = this.#captures;
    return waitingSince !== null && performance.now() - waitingSince >= QUIET_MS;
  }

  /** Gives its memory to the next analysis: nothing may be asked of it any more. */
  close(): void {
    this.#kernel?.release();
  }

  /** What there is now. It takes a pass over the flows in the table: some 100 ms where there are 100,000. */
  view(): LiveView {
    const { clock, tracker, collector } = this.#reader;
    const now = this.#now();
    const end = clock.empty ? 0 : clock.endSince(clock.originSeconds);
    const census = censusOf(tracker, collector, end);
    const packets = this.#packetsBefore + clock.packets;
    return {
      now,
      startedAt: this.startedAt,
      source: this.#options.source,
      packets,
      tcpPackets: tracker.segments,
      packetsPerSecond: this.#rate.at(now, packets),
      dropped: this.#options.dropped(),
      flows: { total: this.#flowsBefore + collector.totals.flows + census.waiting, present: census.present },
      findings: this.#findings.made,
      findingsAt: this.#findings.at,
      ...socketsOf(census, { originSeconds: clock.originSeconds, witness: this.#options.witness, now }),
    };
  }

  /** Judges what there is, for the views from now on. It takes as long as a report. */
  judge(): void {
    const { findings } = this.report(ENOUGH_TO_JUDGE).report;
    this.#findings = { made: asOfNow(findings), at: this.#now() };
  }

  /** The report of the period at hand, to now, or to the end where that has come. @param most flows listed, of those kept */
  report(most?: number): JudgedAnalysis {
    const { clock, tracker, skipped } = this.#reader;
    let { collector } = this.#reader;
    let gauge = this.#gauge.gauge;
    if (!this.#isOver) {
      gauge = gauge.fork();
      collector = collector.fork(gauge, most);
      tracker.peek(collector);
    }
    const { flows: listed, assumptions } = collector.listed();
    const flows = listed.map((flow) => this.#toldFlows.get(flow.id) ?? this.#witnessed(flow));
    const judged = concluded({
      capture: this.#capture(collector.totals.position(), skipped),
      clock,
      collector,
      flows,
      assumptions,
      gauge,
      start: this.#start ?? (clock.empty ? 0 : clock.firstSince(clock.originSeconds)),
      portRange: this.#portRange,
      thresholds: this.#thresholds,
      isFiltered: this.#accepts !== undefined,
    });
    const { witness } = this.#options;
    if (witness === undefined) return judged;
    const { context, report } = judged;
    const limits = {
      closeWait: context.threshold('close-wait-leak'),
      bindBlocked: context.threshold('bind-blocked'),
    };
    const findings = withKernelFindings(witness, { findings: report.findings, flows, now: this.#now(), limits });
    return { ...judged, report: { ...report, findings } };
  }

  /** A connection that is still in the table, as it stands. */
  flow(id: number): Flow | null {
    const { tracker, collector } = this.#reader;
    let found: Flow | null = null;
    tracker.eachFlow((view) => {
      if (view.word(L.ID) === id) found = collector.recordOf(view);
    });
    return found === null ? null : this.#witnessed(found);
  }

  #witnessed(flow: Flow): Flow {
    const { witness } = this.#options;
    if (witness === undefined) return flow;
    const { last } = this.#reader.clock;
    return witness.tell(flow, last === null ? null : formatTime(last.seconds, last.nanoseconds));
  }

  /** Of a flow that has ended, what the kernel knew: by the time of the report that is forgotten. */
  #tell(flow: Flow): void {
    const told = this.#witnessed(flow);
    if (told === flow) return;
    if (this.#toldFlows.size === MOST_TOLD) this.#toldFlows.delete(this.#toldFlows.keys().next().value!);
    this.#toldFlows.set(flow.id, told);
  }

  /** From now on reports are of what comes, and of connections of which a socket is still there. */
  startPeriod(): void {
    const { clock, collector } = this.#reader;
    this.#from = this.#now();
    this.#before = this.#counted();
    this.#packetsBefore += clock.packets;
    this.#flowsBefore += collector.totals.flows;
    this.#start = clock.empty ? null : clock.endSince(clock.originSeconds);
    this.#gauge.gauge = new Gauge();
    this.#reader.collector = collector.renew(this.#gauge);
    clock.restart();
  }

  /** @param late ms before now of which packets may still come */
  #passTime(late = LATE_MS): void {
    const { clock, tracker } = this.#reader;
    // Where packets wait to be read, they tell what time it is.
    if (clock.empty || ((this.#captures?.waitingSince ?? null) === null && late > 0)) return;
    const ms = Math.floor(this.#now() - late);
    clock.pass(Math.floor(ms / 1000), (ms % 1000) * NS_PER_MS);
    tracker.settle();
  }

  #counted(): Counted {
    const { tracker, skipped } = this.#reader;
    const { segments, duplicates, givenUp } = tracker;
    return { segments, duplicates, givenUp, skipped: skipped.slice(), dropped: this.#options.dropped() ?? 0 };
  }

  #capture(position: Capture['position'], skipped: Float64Array): Capture {
    const { clock, tracker } = this.#reader;
    const before = this.#before;
    const counted = {
      tcpPackets: tracker.segments - before.segments,
      duplicates: tracker.duplicates - before.duplicates,
      flowsGivenUp: tracker.givenUp - before.givenUp,
      position,
    };
    const left = skipped.map((n, i) => Math.max(0, n - before.skipped[i]!));
    const { source } = this.#options;
    const capture = captureOf(this.#captures ?? NOTHING_READ, clock, left, counted);
    const dropped = this.#options.dropped() ?? capture.dropped;
    const { firstPacket, lastPacket, packets } = capture;
    return {
      ...capture,
      live: { ...source, from: timeText(this.#from), until: timeText(this.#until ?? this.#now()) },
      files: capture.files.map((file) => ({ ...file, name: source.interface, firstPacket, lastPacket, packets })),
      damage: [...capture.damage, ...this.#failures(capture)],
      dropped: dropped === null ? null : Math.max(0, dropped - before.dropped),
    };
  }

  #failures({ files }: Capture): Damage[] {
    if (this.#failure === null) return [];
    const offset = files.reduce((sum, { bytes }) => sum + bytes, 0);
    return [{ file: this.#options.source.interface, offset, what: this.#failure.why }];
  }
}

const NOTHING_READ = { files: [], damage: [], dropped: null };

type Counted = Record<'segments' | 'duplicates' | 'givenUp' | 'dropped', number> & { skipped: Float64Array };

type Call = (flow: Flow) => void;

function witnessed(call: Call | undefined, tell: (flow: Flow) => Flow): Call | undefined {
  return call === undefined ? undefined : (flow) => call(tell(flow));
}
