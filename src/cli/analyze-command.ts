import { type AnalyzeOptions, runAnalysis } from '../analyze.ts';
import type { EvidenceRedaction } from '../extract.ts';
import type { Redactor } from '../redact/redactor.ts';
import type { Report } from '../report/types.ts';
import { readThresholds } from '../thresholds.ts';
import { EXIT_DAMAGED, EXIT_DONE, EXIT_NOTHING, warnOfDamage } from './errors.ts';
import { EvidenceFile } from './evidence.ts';
import { reachesFailOn } from './fail-on.ts';
import { type AnalyzeFlags, redactorOf, systemOptions } from './flags.ts';
import { capturesOf } from './inputs.ts';
import { readLadders } from './page.ts';
import { Progress } from './progress.ts';
import { onSignal } from './signals.ts';
import { hintAtTornConnection } from './split-hint.ts';
import { type Analyzed, Writing } from './writing.ts';

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
  const redactor = redactorOf(flags);
  let writing: Writing | null = null;
  let evidence: EvidenceFile | null = null;
  const giveUp = () => {
    writing?.abort();
    evidence?.abort();
  };
  const following = flags.follow === true ? new AbortController() : null;
  const takeBack = onSignal(giveUp, following === null ? undefined : () => following.abort());
  try {
    writing = new Writing(flags, { redactor });
    if (flags.evidence !== undefined) evidence = new EvidenceFile(flags.evidence, files, following !== null);
    const analyzed = await analyzeFor(writing, analysis, flags, following?.signal);
    // Of the flows as they were: segments name nobody.
    const ladders = writing.writesHtml ? await readLadders(analyzed.report, files, flags) : undefined;
    writing.finish(analyzed, ladders);
    if (evidence !== null) {
      await writeEvidence(evidence, analyzed.report, flags, redactor);
      writing.tellWritten(evidence.path);
    }
    return exitCodeOf(analyzed.report, writing.told!, flags);
  } catch (error) {
    giveUp();
    throw error;
  } finally {
    takeBack();
  }
}

async function analyzeFor(
  writing: Writing,
  analysis: (options: AnalyzeOptions) => Promise<Analyzed>,
  flags: AnalyzeFlags,
  follow: AbortSignal | undefined,
): Promise<Analyzed> {
  const progress = new Progress(flags.progress && flags.quiet !== true, follow !== undefined);
  return await analysis({
    where: flags.where,
    follow,
    ...systemOptions(flags),
    splitBy: flags.splitBy,
    maxFlows: writing.flowsListed,
    onFlow: writing.streams ? (flow) => writing.add(flow) : undefined,
    onProgress: (bytes, total, packets) => {
      progress.update(bytes, total, packets);
      writing.flush();
    },
  }).finally(() => progress.end());
}

/** @param report with the real addresses, by which the findings cite */
async function writeEvidence(
  evidence: EvidenceFile,
  report: Report,
  flags: AnalyzeFlags,
  redactor: Redactor | null,
): Promise<void> {
  const second = new Progress(flags.progress && flags.quiet !== true);
  // The packets are given other names with the same redactor.
  const redact = redactor === null ? undefined : evidenceRedaction(redactor);
  await evidence
    .finish(report.findings, { splitBy: flags.splitBy, redact, onProgress: second.update }, flags.quiet === true)
    .finally(() => second.end());
}

/**
 * Warns of what the reader of standard output alone would not see.
 * @param report with the real addresses
 * @param told as it was written: nothing else may be named
 */
export function exitCodeOf(report: Report, told: Report, flags: AnalyzeFlags): number {
  if (flags.splitBy !== undefined && flags.quiet !== true) hintAtTornConnection(report.flows);
  warnOfDamage(told.capture);
  const fails = reachesFailOn(told.findings, flags.failOn, flags.quiet === true);
  if (told.capture.damage.length > 0) return EXIT_DAMAGED;
  return fails ? EXIT_NOTHING : EXIT_DONE;
}

/** How the packets of evidence are given the names that the report has. */
export function evidenceRedaction(redactor: Redactor): EvidenceRedaction {
  return {
    addressBytes: (bytes) => redactor.addressBytes(bytes),
    text: (text) => redactor.text(text),
    port: (port, side) => (side === 'client' ? redactor.clientPort(port) : port),
  };
}
