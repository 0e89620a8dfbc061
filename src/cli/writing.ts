/** What a run writes of its analysis: files, and standard output. */

import { type Analysis, MAX_FLOWS } from '../analyze.ts';
import type { Context } from '../findings/context.ts';
import { staysOf } from '../output/html/charts/stays-of.ts';
import type { Ladders } from '../output/html/model.ts';
import { plain } from '../output/style.ts';
import type { Redactor } from '../redact/redactor.ts';
import type { ComparisonTotals, Flow, Report } from '../report/types.ts';
import type { AnalyzeFlags } from './flags.ts';
import { type Format, isStreamed, OutputFile, render, streamHead, streamLine } from './formats.ts';
import { warnOfSize } from './page.ts';
import { outputWidth, Results, wantsColor } from './terminal.ts';

/** What is to be written: compare's has the comparison too. */
export type Analyzed = Analysis & { comparison?: ComparisonTotals; context?: Context };

/** A summary names a few flows only; it need not hold more to choose them from. */
const ENOUGH_FOR_A_SUMMARY = 1_000;

/** Flows of a streamed format written at a time. */
const BATCH = 256;

export interface WritingOptions {
  /** files, in place of those that the flags name */
  paths?: readonly string[];
  /** what goes to standard output, in place of what the flags say; null: nothing */
  stdout?: Format | null;
  redactor: Redactor | null;
  /** false: standard output goes on behind what another has written */
  begins?: boolean;
}

/** Files are opened at once: what can't be written is told before anything is analysed. */
export class Writing {
  readonly stdout: Format | null;
  private readonly flags: AnalyzeFlags;
  /** the report as it is written, redacted where that is wanted; null before finish() */
  told: Report | null = null;
  private readonly redactor: Redactor | null;
  private readonly outputs: OutputFile[] = [];
  private readonly results: Results;
  private readonly streamed: Format | null;
  private lines: string[];

  /** @throws UsageError, OutputError: then nothing is left open */
  constructor(flags: AnalyzeFlags, { paths = flags.output ?? [], stdout, redactor, begins = true }: WritingOptions) {
    this.flags = flags;
    this.redactor = redactor;
    try {
      for (const path of paths) this.outputs.push(new OutputFile(path));
    } catch (error) {
      this.abort();
      throw error;
    }
    this.stdout = stdout === undefined ? (flags.format ?? (paths.length === 0 ? 'text' : null)) : stdout;
    this.results = new Results(paths.length > 0);
    this.streamed = this.stdout !== null && isStreamed(this.stdout) ? this.stdout : null;
    this.lines = this.streamed === null || !begins ? [] : [streamHead(this.streamed)];
  }

  /** Whether flows are wanted as they end. */
  get streams(): boolean {
    return this.formats.some(isStreamed);
  }

  get writesHtml(): boolean {
    return this.formats.includes('html');
  }

  /** Flows that are to be listed: frames of ordinary flows are known where these are. */
  get flowsListed(): number {
    const { maxFlows, verbose, evidence } = this.flags;
    const listsAll = this.formats.includes('json') || this.writesHtml || verbose === true || evidence !== undefined;
    return maxFlows ?? (listsAll ? MAX_FLOWS : ENOUGH_FOR_A_SUMMARY);
  }

  private get formats(): Format[] {
    return [...this.outputs.map(({ format }) => format), ...(this.stdout === null ? [] : [this.stdout])];
  }

  /** A flow that has ended. @throws BrokenPipe, OutputError */
  add(ended: Flow): void {
    const flow = this.redactor?.flow(ended) ?? ended;
    for (const output of this.outputs) output.add(flow);
    if (this.streamed === null) return;
    this.lines.push(streamLine(this.streamed, flow));
    if (this.lines.length >= BATCH) this.flush();
  }

  /** Hands over what waits: what reads a live capture from a pipe wants the flows as they end. */
  flush(): void {
    if (this.lines.length === 0) return;
    this.results.write(this.lines);
    this.lines = [];
  }

  /**
   * Writes everything, as far as that can be: what fails is thrown once the rest is written.
   * @param analyzed with the real addresses
   * @param ladders for HTML
   * @throws BrokenPipe, OutputError
   */
  finish(analyzed: Analyzed, ladders: Ladders | undefined): void {
    const { flags, redactor, stdout, results } = this;
    // From here on nothing but this is written, on standard error too.
    const { report, ...counted } = redactor?.analysis(analyzed) ?? analyzed;
    this.told = report;
    const stays = this.writesHtml && analyzed.context !== undefined ? staysOf(analyzed.context) : null;
    const page = {
      ladders,
      stays: stays === null ? undefined : (redactor?.stays(stays) ?? stays),
      maxReportBytes: flags.maxReportSize,
      onTooLarge: warnOfSize(flags),
    };
    const beside = { ...counted, ...page, splitBy: flags.splitBy };
    // What one output lacks room for, another may have.
    const failures: unknown[] = [];
    const attempt = (step: () => void) => {
      try {
        step();
      } catch (error) {
        failures.push(error);
      }
    };
    attempt(() => this.flush());
    if (stdout !== null && this.streamed === null) {
      const style = { color: wantsColor(flags.color), width: outputWidth(), verbose: flags.verbose === true };
      attempt(() => results.write(render(stdout, report, beside, style)));
    }
    for (const output of this.outputs) {
      attempt(() => {
        output.finish(report, beside);
        this.tellWritten(output.path);
      });
    }
    if (failures.length > 0) throw failures[0];
  }

  /** A line for a file, where nothing else goes to standard output. */
  tellWritten(path: string): void {
    if (this.stdout === null && this.flags.quiet !== true) this.results.write([`wrote ${plain(path)}\n`]);
  }

  /** Leaves no file. */
  abort(): void {
    for (const output of this.outputs) output.abort();
  }
}
