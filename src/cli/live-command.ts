import { dirname } from 'node:path';
import { becomeUser, mayWrite, userFor } from '../live/rights.ts';
import { PacketRing } from '../live/ring.ts';
import { PacketFile, type SaveError } from '../live/save.ts';
import { expandName } from '../live/save-names.ts';
import { type LiveCapture, startCapture } from '../live/start.ts';
import { tapped } from '../live/tap.ts';
import { Monitor } from '../monitor.ts';
import type { Metrics } from '../output/metrics.ts';
import { closedLine } from '../output/screen/line.ts';
import { plain } from '../output/style.ts';
import type { Redactor } from '../redact/redactor.ts';
import { type OwnerReader, startOwnerReader } from '../sockets/owner-reader.ts';
import { SocketWatch } from '../sockets/watch.ts';
import { Witness } from '../sockets/witness.ts';
import { readThresholds } from '../thresholds.ts';
import { evidenceRedaction, exitCodeOf } from './analyze-command.ts';
import { EXIT_DONE, EXIT_USAGE, explain, UsageError } from './errors.ts';
import { EvidenceFile } from './evidence.ts';
import { redactorOf, systemOptions } from './flags.ts';
import { checkedLiveFlags, type LiveFlags } from './live-flags.ts';
import { serveMetrics, watch } from './live-watchers.ts';
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
  private monitor!: Monitor;
  private sockets: SocketWatch | null = null;
  private readonly lines = new Results(false);
  private readonly timers: NodeJS.Timeout[] = [];
  /** why it ends though nobody asked: told once all is written */
  private error: unknown = null;
  private isStopped = false;
  private endWatch: () => void = () => undefined;

  constructor(flags: LiveFlags) {
    this.flags = flags;
    this.redactor = redactorOf(flags);
  }

  /** Opens what will be written, starts the capture, and gives root up. @throws UsageError, InputError, OutputError */
  async start(filter: string | null): Promise<void> {
    const { flags } = this;
    const { from, metrics } = checkedLiveFlags(flags);
    const thresholds = readThresholds(flags.threshold ?? []);
    const witness = flags.sockets ? new Witness() : undefined;
    this.ring = new PacketRing(from);
    const user = this.userToBe();
    this.writing = this.open();
    if (flags.evidence !== undefined) this.evidence = new EvidenceFile(flags.evidence, [], false);
    if (metrics !== null) ({ metrics: this.metrics, server: this.server } = await serveMetrics(metrics, flags));
    if (flags.sockets) this.owners = await startOwnerReader();
    const { backend, snaplen, count } = flags;
    const userName = user?.name ?? 'root';
    const isRoot = process.geteuid?.() === 0;
    this.capture = await startCapture({
      interface: from,
      backend,
      filter,
      snaplen,
      count,
      user: isRoot ? userName : null,
    });
    if (flags.write !== undefined) this.save = this.openSave(flags.write);
    if (user !== null) becomeUser(user);
    const { capture } = this;
    this.monitor = new Monitor({
      ...systemOptions(flags),
      stream: tapped(capture.stream, this.save === null ? [this.ring] : [this.save, this.ring]),
      source: capture.source,
      dropped: () => capture.dropped,
      where: flags.where,
      splitBy: flags.splitBy,
      maxFlows: this.writing.flowsListed,
      thresholds,
      portRange: flags.portRange,
      witness,
      onFlow:
        this.writing.streams || this.metrics !== null ? (flow) => this.guarded(() => this.ended(flow)) : undefined,
      onClosed: this.tellsLines ? (flow) => this.guarded(() => this.tellLine(flow)) : undefined,
    });
    if (witness !== undefined && this.owners !== null) {
      const sockets = new SocketWatch(witness, this.owners);
      if (await sockets.start()) this.sockets = sockets;
    }
    if (this.isStopped) capture.stop();
  }

  /** Until the capture ends; then everything is written. @returns the exit code */
  async run(): Promise<number> {
    const { flags, monitor, capture, ring, redactor, metrics } = this;
    if (capture === null) return EXIT_DONE;
    if (flags.duration !== undefined) this.timers.push(setTimeout(() => this.stop(), flags.duration * 1000));
    if (flags.every !== undefined) {
      this.timers.push(setInterval(() => this.guarded(() => void this.endPeriod()), flags.every * 1000));
    }
    // What streams goes out as it comes.
    this.timers.push(setInterval(() => this.guarded(() => this.flush()), 250));
    const draws = flags.format === undefined || flags.format === 'text';
    this.tellBegun();
    this.endWatch = watch({ monitor, ring, redactor, flags, draws, onQuit: () => this.stop() }, metrics);
    try {
      await monitor.run();
    } finally {
      this.isStopped = true;
      this.endWatch();
      for (const timer of this.timers) clearInterval(timer);
    }
    const { failure } = await capture.ended;
    monitor.noteFailure(failure);
    await this.sockets?.finish();
    this.save?.close();
    return await this.finish();
  }

  /** Asks the capture to end; all that it has is still analysed. */
  stop(): void {
    this.isStopped = true;
    this.capture?.stop();
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
    const { flags, monitor, evidence, redactor } = this;
    const analyzed = monitor.report();
    const writing = this.writing!;
    const ring = this.ring.snapshot();
    const ladders = writing.writesHtml ? await ringLadders(analyzed.report, ring, flags) : undefined;
    if (this.tellsLines) {
      this.flush();
      this.lines.write(['\n']);
    }
    writing.finish(analyzed, ladders);
    if (evidence !== null) {
      const redact = redactor === null ? undefined : evidenceRedaction(redactor);
      const { findings, flows } = analyzed.report;
      await evidence.finish(findings, { splitBy: flags.splitBy, redact, flows }, flags.quiet === true, ring);
      writing.tellWritten(evidence.path);
    }
    if (this.save !== null) this.tellSaved(this.save);
    await this.server?.close();
    this.owners?.close();
    const code = exitCodeOf(analyzed.report, flags);
    if (this.error === null || this.error instanceof BrokenPipe) return code;
    process.stderr.write(`${explain(this.error)}\n`);
    return EXIT_USAGE;
  }

  /** The report of a period, and a new one begins. */
  private async endPeriod(): Promise<void> {
    const { monitor, flags } = this;
    const { writing } = this;
    if (writing === null || this.isStopped) return;
    const analyzed = monitor.report();
    const ring = this.ring.snapshot();
    monitor.startPeriod();
    this.writing = this.open();
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
    const { flags, redactor } = this;
    const now = new Date();
    const paths = (flags.output ?? []).map((path) => (flags.every === undefined ? path : expandName(path, now)));
    return new Writing(flags, { paths, redactor });
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

  /** Whom root becomes. Where nobody was named and outputs could not be written then, root stays, and says so. */
  private userToBe(): ReturnType<typeof userFor> {
    const { user: name, output = [], write, evidence, quiet } = this.flags;
    const user = userFor(name ?? null);
    if (user === null) return null;
    const paths = [...output, ...(write === undefined ? [] : [write]), ...(evidence === undefined ? [] : [evidence])];
    const folder = paths.map((path) => dirname(path)).find((each) => !mayWrite(each, user));
    if (folder === undefined) return user;
    const why = `user ${user.name} may not write to ${folder}`;
    if (name !== undefined) throw new UsageError(`can't become user ${name}: ${why}`, 'name another folder or user');
    if (quiet !== true) process.stderr.write(`teardown: stays root, since ${plain(why)} (--user NAME names another)\n`);
    return null;
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

  private tellBegun(): void {
    const { quiet } = this.flags;
    if (quiet === true || this.capture === null || (process.stdout.isTTY === true && process.stderr.isTTY === true))
      return;
    const { interface: from, backend, timestamps } = this.capture.source;
    const how = backend === 'cap' ? 'user-space timestamps, drops not known' : `${timestamps} timestamps`;
    const served = this.server === null ? '' : `; metrics at ${this.server.url}`;
    process.stderr.write(`teardown: captures on ${plain(from)} by ${backend} (${how})${served}; Ctrl-C ends it\n`);
  }

  private tellSaved(save: PacketFile): void {
    const { path, files } = save.saved;
    if (this.flags.quiet === true) return;
    process.stderr.write(
      `teardown: packets saved in ${plain(path)}${files > 1 ? `, the last of ${files} files` : ''}\n`,
    );
  }
}
