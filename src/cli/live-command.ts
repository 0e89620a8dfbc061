import { asUser, becomeUser } from '../live/rights.ts';
import { PacketRing } from '../live/ring.ts';
import { PacketFile, type SaveError } from '../live/save.ts';
import { expandName, hasConversions, numberedName } from '../live/save-names.ts';
import { type LiveCapture, startCapture } from '../live/start.ts';
import { tapped } from '../live/tap.ts';
import { Monitor } from '../monitor.ts';
import { assets } from '../output/html/assets.ts';
import type { Metrics } from '../output/metrics.ts';
import { closedLine } from '../output/screen/line.ts';
import type { Redactor } from '../redact/redactor.ts';
import { type OwnerReader, startOwnerReader } from '../sockets/owner-reader.ts';
import { SocketWatch } from '../sockets/watch.ts';
import { Witness } from '../sockets/witness.ts';
import { readThresholds } from '../thresholds.ts';
import { evidenceRedaction, exitCodeOf } from './analyze-command.ts';
import { EXIT_DONE, EXIT_USAGE, explain } from './errors.ts';
import { EvidenceFile } from './evidence.ts';
import { redactorOf, systemOptions } from './flags.ts';
import { checkedLiveFlags, type LiveFlags } from './live-flags.ts';
import { userToBe } from './live-user.ts';
import { serveMetrics, watch } from './live-watchers.ts';
import { tellBegun, tellSaved } from './live-words.ts';
import type { MetricsServer } from './metrics-server.ts';
import { ringLadders } from './page.ts';
import { onSignal } from './signals.ts';
import { BrokenPipe, Results } from './terminal.ts';
import { Writing } from './writing.ts';

/** `teardown live -i IF [BPF...]` @returns the exit code */
export async function liveCommand(filter: readonly string[], flags: LiveFlags): Promise<number> {
  const session = new LiveSession(flags);
  const takeBack = onSignal(
    () => session.abort(),
    () => session.stop(),
    true,
  );
  try {
    await session.start(filter.length === 0 ? null : filter.join(' '));
    return await session.run();
  } catch (error) {
    session.abort();
    throw error;
  } finally {
    takeBack();
  }
}

/** How long what was captured before the end is waited for at most, ms. */
const DRAIN_MS = 5000;

/** From the first packet to the last output. */
class LiveSession {
  private readonly flags: LiveFlags;
  private readonly redactor: Redactor | null;
  private writing: Writing | null = null;
  /** of connections that were closed, to be written with the next ones */
  private readonly closed: string[] = [];
  private evidence: EvidenceFile | null = null;
  private save: PacketFile | null = null;
  private capture: LiveCapture | null = null;
  private owners: OwnerReader | null = null;
  private server: MetricsServer | null = null;
  private metrics: Metrics | null = null;
  private ring!: PacketRing;
  private monitor: Monitor | null = null;
  private sockets: SocketWatch | null = null;
  private readonly lines: Results;
  private readonly timers: NodeJS.Timeout[] = [];
  /** why it ends though nobody asked: told once all is written */
  private error: unknown = null;
  private isStopped = false;
  /** reports that were begun, and the names that they had */
  private periods = 0;
  private readonly names = new Map<string, number>();
  private endWatch: () => void = () => undefined;

  constructor(flags: LiveFlags) {
    this.flags = flags;
    this.redactor = redactorOf(flags);
    this.lines = new Results((flags.output ?? []).length > 0);
  }

  /** Opens what will be written, starts the capture, and gives root up. @throws UsageError, InputError, OutputError */
  async start(filter: string | null): Promise<void> {
    const { flags } = this;
    const { from, metrics } = checkedLiveFlags(flags);
    const thresholds = readThresholds(flags.threshold ?? []);
    const witness = flags.sockets ? new Witness() : undefined;
    this.ring = new PacketRing(from);
    const { output = [], write, evidence } = flags;
    const paths = [...output, ...(write === undefined ? [] : [write]), ...(evidence === undefined ? [] : [evidence])];
    const user = userToBe(flags.user, paths, flags.quiet === true);
    // Who will write to them has them from the beginning: in /tmp nobody may rename what is another's.
    const writing = asUser(user, () => this.open());
    this.writing = writing;
    if (evidence !== undefined) this.evidence = asUser(user, () => new EvidenceFile(evidence, [], false));
    if (metrics !== null) ({ metrics: this.metrics, server: this.server } = await serveMetrics(metrics, flags));
    if (flags.sockets) this.owners = await startOwnerReader();
    const { backend, snaplen, count } = flags;
    const isRoot = process.geteuid?.() === 0;
    this.capture = await startCapture({
      interface: from,
      backend,
      filter,
      snaplen,
      count,
      // By name only who was named: a directory service's users are in no file that a name could be found in.
      user: user === null && isRoot ? 'root' : (flags.user ?? null),
    });
    if (write !== undefined) this.save = asUser(user, () => this.openSave(write));
    const { capture } = this;
    this.monitor = new Monitor({
      ...systemOptions(flags),
      stream: tapped(capture.stream, this.save === null ? [this.ring] : [this.save, this.ring]),
      source: capture.source,
      dropped: () => capture.dropped,
      where: flags.where,
      splitBy: flags.splitBy,
      maxFlows: writing.flowsListed,
      thresholds,
      portRange: flags.portRange,
      witness,
      onFlow: writing.streams || this.metrics !== null ? (flow) => this.guarded(() => this.ended(flow)) : undefined,
      onClosed: this.tellsLines ? (flow) => this.guarded(() => this.tellLine(flow)) : undefined,
    });
    // All of the program has been read by now: it may be installed where root alone can read, as below /root.
    if (writing.writesHtml) assets();
    if (user !== null) becomeUser(user);
    if (witness !== undefined && this.owners !== null) {
      const sockets = new SocketWatch(witness, this.owners);
      if (await sockets.start()) this.sockets = sockets;
    }
    if (this.isStopped) capture.stop();
  }

  /** Until the capture ends; then everything is written. @returns the exit code */
  async run(): Promise<number> {
    const { flags, monitor, capture, ring, redactor, metrics } = this;
    if (capture === null || monitor === null) return EXIT_DONE;
    if (flags.duration !== undefined) this.timers.push(setTimeout(() => this.stop(), flags.duration * 1000));
    if (flags.every !== undefined) {
      this.timers.push(setInterval(() => this.guarded(() => void this.endPeriod()), flags.every * 1000));
    }
    // What streams goes out as it comes.
    this.timers.push(setInterval(() => this.guarded(() => this.flush()), 250));
    const draws = flags.format === undefined || flags.format === 'text';
    tellBegun(capture.source, this.server, flags.quiet === true);
    this.endWatch = watch({ monitor, ring, redactor, flags, draws, onQuit: () => this.stop() }, metrics);
    try {
      await monitor.run(async () => this.sockets?.finish());
    } finally {
      this.isStopped = true;
      this.endWatch();
      for (const timer of this.timers) clearInterval(timer);
    }
    const { failure } = await capture.ended;
    monitor.noteFailure(failure);
    this.save?.close();
    return await this.finish();
  }

  /** Asks the capture to end; all that it has is still analysed, what waits in the kernel's buffer too. */
  stop(): void {
    if (this.isStopped) return;
    this.isStopped = true;
    const stoppedAt = Date.now();
    // A capture program throws away what it has not read when it is told to end.
    const end = () => {
      const waited = Date.now() - stoppedAt;
      if (waited < DRAIN_MS && this.monitor?.hasAllUntil(stoppedAt) === false) setTimeout(end, 50);
      else this.capture?.stop();
    };
    end();
  }

  /** Leaves no half file, and nothing running. */
  abort(): void {
    this.endWatch();
    for (const timer of this.timers) clearInterval(timer);
    this.capture?.kill();
    this.writing?.abort();
    this.evidence?.abort();
    this.save?.close();
    this.sockets?.stop();
    this.owners?.close();
    void this.server?.close();
  }

  private async finish(): Promise<number> {
    const { flags, evidence, redactor } = this;
    const monitor = this.monitor!;
    const analyzed = monitor.report();
    const writing = this.writing!;
    const ring = this.ring.snapshot();
    const ladders = writing.writesHtml ? await ringLadders(analyzed.report, ring, flags) : undefined;
    this.guarded(() => {
      if (!this.tellsLines) return;
      this.flush();
      this.lines.write(['\n']);
    });
    try {
      writing.finish(analyzed, ladders);
    } catch (error) {
      writing.abort();
      this.error ??= error;
    }
    if (evidence !== null) {
      const redact = redactor === null ? undefined : evidenceRedaction(redactor);
      const { findings, flows } = analyzed.report;
      await evidence.finish(findings, { splitBy: flags.splitBy, redact, flows }, flags.quiet === true, ring);
      writing.tellWritten(evidence.path);
    }
    if (this.save !== null && flags.quiet !== true) tellSaved(this.save.saved);
    await this.server?.close();
    this.owners?.close();
    const code = exitCodeOf(analyzed.report, writing.told!, flags);
    if (this.error === null || this.error instanceof BrokenPipe) return code;
    process.stderr.write(`${explain(this.error)}\n`);
    return EXIT_USAGE;
  }

  /** The report of a period, and a new one begins. */
  private async endPeriod(): Promise<void> {
    const { monitor, flags, writing } = this;
    if (writing === null || monitor === null || this.isStopped) return;
    try {
      // First, so that what can't be opened leaves this period to the report at the end.
      this.writing = this.open();
    } catch (error) {
      this.fail(error);
      return;
    }
    const analyzed = monitor.report();
    const ring = this.ring.snapshot();
    monitor.startPeriod();
    try {
      const ladders = writing.writesHtml
        ? await ringLadders(analyzed.report, ring, { ...flags, quiet: true })
        : undefined;
      writing.finish(analyzed, ladders);
    } catch (error) {
      writing.abort();
      this.fail(error);
    }
  }

  private open(): Writing {
    const { flags, redactor, periods } = this;
    const now = new Date();
    const paths = (flags.output ?? []).map((path) => (flags.every === undefined ? path : this.nameOf(path, now)));
    const begins = periods === 0;
    this.periods++;
    // A screen has no room for lines about files.
    const quiet = flags.quiet ?? (flags.every !== undefined && process.stdout.isTTY === true ? true : undefined);
    return new Writing({ ...flags, ...(quiet === undefined ? {} : { quiet }) }, { paths, redactor, begins });
  }

  /** A period's report never takes the place of another's. */
  private nameOf(pattern: string, date: Date): string {
    const name = expandName(pattern, date);
    const times = (this.names.get(name) ?? 0) + 1;
    this.names.set(name, times);
    return times === 1 && hasConversions(pattern) ? name : numberedName(name, times);
  }

  private openSave(path: string): PacketFile {
    const { rotateSize, rotateEvery, rotateKeep } = this.flags;
    return new PacketFile(path, {
      rotateBytes: rotateSize,
      rotateSeconds: rotateEvery,
      keep: rotateKeep,
      onError: (error: SaveError) => this.fail(error),
    });
  }

  /** Without a terminal the text is a line for each connection, and a summary at the end. */
  private get tellsLines(): boolean {
    return this.writing?.stdout === 'text' && process.stdout.isTTY !== true && this.flags.quiet !== true;
  }

  private tellLine(flow: Parameters<typeof closedLine>[0]): void {
    this.closed.push(`${closedLine(this.redactor?.flow(flow) ?? flow)}\n`);
  }

  private flush(): void {
    this.writing?.flush();
    this.lines.write(this.closed.splice(0));
  }

  private ended(flow: Parameters<typeof closedLine>[0]): void {
    this.writing?.add(flow);
    this.metrics?.flowEnded(this.redactor?.flow(flow) ?? flow);
  }

  /** What can't be written ends the capture; what was captured up to then is reported. */
  private guarded(step: () => void): void {
    if (this.error !== null) return;
    try {
      step();
    } catch (error) {
      this.fail(error);
    }
  }

  private fail(error: unknown): void {
    this.error ??= error;
    this.stop();
  }
}
