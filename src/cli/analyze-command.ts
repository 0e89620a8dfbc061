import { type Analysis, type AnalyzeOptions, MAX_FLOWS, runAnalysis } from '../analyze.ts';
import type { SplitWord } from '../decode/split.ts';
import type { EvidenceRedaction } from '../extract.ts';
import type { Context, PortRange } from '../findings/context.ts';
import { staysOf } from '../output/html/charts/stays-of.ts';
import { plain } from '../output/style.ts';
import { type RedactMode, Redactor } from '../redact/redactor.ts';
import type { ComparisonTotals, Flow, Severity } from '../report/types.ts';
import { choicesOf } from '../systems.ts';
import { readThresholds } from '../thresholds.ts';
import { EXIT_DAMAGED, EXIT_DONE, EXIT_NOTHING, warnOfDamage } from './errors.ts';
import { EvidenceFile } from './evidence.ts';
import { reachesFailOn } from './fail-on.ts';
import { type Format, isStreamed, OutputFile, render, streamHead, streamLine } from './formats.ts';
import { capturesOf } from './inputs.ts';
import { readLadders, warnOfSize } from './page.ts';
import { Progress } from './progress.ts';
import { onSignal } from './signals.ts';
import { hintAtTornConnection } from './split-hint.ts';
import { type ColorChoice, outputWidth, Results, wantsColor } from './terminal.ts';

export interface AnalyzeFlags {
  /** paths, none without -o */
  output?: string[];
  format?: Format;
  where?: string;
  /** PROFILE or ADDR=PROFILE each */
  os?: string[];
  timeWait?: number;
  finTimeout?: number;
  splitBy?: SplitWord[];
  /** RULE=VALUE each */
  threshold?: string[];
  portRange?: PortRange;
  failOn?: Severity;
  redact?: true;
  redactMode?: RedactMode;
  redactPorts?: true;
  maxFlows?: number;
  follow?: true;
  /** of an HTML report, bytes at most */
  maxReportSize?: number;
  /** where the packets that findings cite are to go */
  evidence?: string;
  quiet?: true;
  verbose?: true;
  color: ColorChoice;
  progress: boolean;
}

/** A summary names a few flows only; it need not hold more to choose them from. */
const ENOUGH_FOR_A_SUMMARY = 1_000;

/** Flows of a streamed format written at a time. */
const BATCH = 256;

/** What is to be written: compare's has the comparison too. */
export type Analyzed = Analysis & { comparison?: ComparisonTotals; context?: Context };

/** What the flags say of operating systems. @throws OsError */
export function systemOptions({ os, timeWait, finTimeout }: AnalyzeFlags): Pick<AnalyzeOptions, SystemOption> {
  return {
    os: os === undefined ? undefined : choicesOf(os),
    timeWaitSeconds: timeWait,
    finTimeoutSeconds: finTimeout,
  };
}

type SystemOption = 'os' | 'timeWaitSeconds' | 'finTimeoutSeconds';

/** What the flags want redacted, null: nothing. How to do it says that it is wanted. */
export function redactorOf({ redact, redactMode, redactPorts }: AnalyzeFlags): Redactor | null {
  if (redact === undefined && redactMode === undefined && redactPorts === undefined) return null;
  return new Redactor({ mode: redactMode, ports: redactPorts });
}

/** `teardown [analyze] FILE...` @returns the exit code */
export async function analyzeCommand(operands: string[], flags: AnalyzeFlags): Promise<number> {
  const { portRange } = flags;
  const thresholds = readThresholds(flags.threshold ?? []);
  const files = await capturesOf(operands, flags.quiet === true);
  return await writeAnalysis(flags, (options) => runAnalysis(files, { ...options, thresholds, portRange }), files);
}

/**
 * Analyses, and writes what the flags ask for.
 * @param files that are analysed, where evidence and segments can be taken from them
 * @returns the exit code
 */
export async function writeAnalysis(
  flags: AnalyzeFlags,
  analysis: (options: AnalyzeOptions) => Promise<Analyzed>,
  files: readonly string[] = [],
): Promise<number> {
  const outputs: OutputFile[] = [];
  let evidence: EvidenceFile | null = null;
  const giveUp = () => {
    for (const output of outputs) output.abort();
    evidence?.abort();
  };
  const following = flags.follow === true ? new AbortController() : null;
  const takeBack = onSignal(giveUp, following === null ? undefined : () => following.abort());
  try {
    // Every output is opened before anything is analysed: a wrong path is told at once.
    for (const path of flags.output ?? []) outputs.push(new OutputFile(path));
    if (flags.evidence !== undefined) evidence = new EvidenceFile(flags.evidence, files, following !== null);
    return await analyzeInto(outputs, evidence, analysis, files, flags, following?.signal);
  } catch (error) {
    giveUp();
    throw error;
  } finally {
    takeBack();
  }
}

async function analyzeInto(
  outputs: OutputFile[],
  evidence: EvidenceFile | null,
  analysis: (options: AnalyzeOptions) => Promise<Analyzed>,
  files: readonly string[],
  flags: AnalyzeFlags,
  follow: AbortSignal | undefined,
): Promise<number> {
  const stdoutFormat = flags.format ?? (outputs.length === 0 ? 'text' : null);
  const formats = [...outputs.map(({ format }) => format), ...(stdoutFormat === null ? [] : [stdoutFormat])];
  const progress = new Progress(flags.progress && flags.quiet !== true, follow !== undefined);
  const results = new Results(outputs.length > 0);
  const streamed = stdoutFormat !== null && isStreamed(stdoutFormat) ? stdoutFormat : null;
  let lines: string[] = streamed === null ? [] : [streamHead(streamed)];
  const flush = () => {
    results.write(lines);
    lines = [];
  };
  const redactor = redactorOf(flags);
  const onFlow = (ended: Flow) => {
    const flow = redactor?.flow(ended) ?? ended;
    for (const output of outputs) output.add(flow);
    if (streamed === null) return;
    lines.push(streamLine(streamed, flow));
    if (lines.length >= BATCH) flush();
  };
  // Frames of ordinary flows are known where these are listed.
  const listsAll =
    formats.some((format) => format === 'json' || format === 'html') ||
    flags.verbose === true ||
    flags.evidence !== undefined;
  const analyzed = await analysis({
    where: flags.where,
    follow,
    ...systemOptions(flags),
    splitBy: flags.splitBy,
    maxFlows: flags.maxFlows ?? (listsAll ? MAX_FLOWS : ENOUGH_FOR_A_SUMMARY),
    onFlow: formats.some(isStreamed) ? onFlow : undefined,
    onProgress: (bytes, total, packets) => {
      progress.update(bytes, total, packets);
      // What reads a live capture from a pipe wants the flows as they end.
      if (lines.length > 0) flush();
    },
  }).finally(() => progress.end());
  // Of the flows as they were: segments name nobody.
  const ladders = formats.includes('html') ? await readLadders(analyzed.report, files, flags) : undefined;
  // From here on nothing but this is written, on standard error too.
  const { report, ...counted } = redactor?.analysis(analyzed) ?? analyzed;
  const stays = formats.includes('html') && analyzed.context !== undefined ? staysOf(analyzed.context) : null;
  const page = {
    ladders,
    stays: stays === null ? undefined : (redactor?.stays(stays) ?? stays),
    maxReportBytes: flags.maxReportSize,
    onTooLarge: warnOfSize(flags),
  };
  const beside = { ...counted, ...page, splitBy: flags.splitBy };
  if (streamed !== null) flush();
  else if (stdoutFormat !== null) {
    const style = { color: wantsColor(flags.color), width: outputWidth(), verbose: flags.verbose === true };
    results.write(render(stdoutFormat, report, beside, style));
  }
  for (const output of outputs) {
    output.finish(report, beside);
    if (stdoutFormat === null && flags.quiet !== true) results.write([`wrote ${plain(output.path)}\n`]);
  }
  if (evidence !== null) {
    const second = new Progress(flags.progress && flags.quiet !== true);
    // The findings as they were: the packets are given other names with the same redactor.
    const redact = redactor === null ? undefined : evidenceRedaction(redactor);
    await evidence
      .finish(
        analyzed.report.findings,
        { splitBy: flags.splitBy, redact, onProgress: second.update },
        flags.quiet === true,
      )
      .finally(() => second.end());
    if (stdoutFormat === null && flags.quiet !== true) results.write([`wrote ${plain(evidence.path)}\n`]);
  }
  if (flags.splitBy !== undefined && flags.quiet !== true) hintAtTornConnection(analyzed.report.flows);
  warnOfDamage(report.capture);
  const fails = reachesFailOn(report.findings, flags.failOn, flags.quiet === true);
  if (report.capture.damage.length > 0) return EXIT_DAMAGED;
  return fails ? EXIT_NOTHING : EXIT_DONE;
}

function evidenceRedaction(redactor: Redactor): EvidenceRedaction {
  return {
    addressBytes: (bytes) => redactor.addressBytes(bytes),
    text: (text) => redactor.text(text),
    port: (port, side) => (side === 'client' ? redactor.clientPort(port) : port),
  };
}
