import { MAX_FLOWS, runAnalysis } from '../analyze.ts';
import type { Flow } from '../report/types.ts';
import { EXIT_DAMAGED, EXIT_DONE } from './errors.ts';
import { type Format, isStreamed, OutputFile, render, streamHead, streamLine } from './formats.ts';
import { Progress } from './progress.ts';
import { type ColorChoice, outputWidth, wantsColor, writeOut } from './terminal.ts';

export interface AnalyzeFlags {
  output: string[];
  format?: Format;
  where?: string;
  timeWait?: number;
  finTimeout?: number;
  maxFlows?: number;
  quiet?: true;
  verbose?: true;
  color: ColorChoice;
  progress: boolean;
}

/** A summary names a few flows only; it need not hold more to choose them from. */
const ENOUGH_FOR_A_SUMMARY = 2_000;

/** `teardown [analyze] FILE...` @returns the exit code */
export async function analyzeCommand(files: string[], flags: AnalyzeFlags): Promise<number> {
  const stdoutFormat = flags.format ?? (flags.output.length === 0 ? 'text' : null);
  const outputs: OutputFile[] = [];
  try {
    // Every output is opened before anything is analysed: a wrong path is told at once.
    for (const path of flags.output) outputs.push(new OutputFile(path));
    const formats = [...outputs.map(({ format }) => format), ...(stdoutFormat === null ? [] : [stdoutFormat])];
    const progress = new Progress(flags.progress && flags.quiet !== true);
    const streamed = stdoutFormat !== null && isStreamed(stdoutFormat) ? stdoutFormat : null;
    let lines: string[] = streamed === null ? [] : [streamHead(streamed)];
    const anyStreamed = streamed !== null || outputs.some(({ format }) => isStreamed(format));
    const onFlow = (flow: Flow) => {
      for (const output of outputs) output.add(flow);
      if (streamed === null) return;
      lines.push(streamLine(streamed, flow));
      if (lines.length < 256) return;
      writeOut(lines);
      lines = [];
    };
    const listsAll = formats.includes('json') || flags.verbose === true;
    const { report, services } = await runAnalysis(files, {
      where: flags.where,
      timeWaitSeconds: flags.timeWait,
      finTimeoutSeconds: flags.finTimeout,
      maxFlows: flags.maxFlows ?? (listsAll ? MAX_FLOWS : ENOUGH_FOR_A_SUMMARY),
      onFlow: anyStreamed ? onFlow : undefined,
      onProgress: progress.update,
    }).finally(() => progress.end());
    if (streamed !== null) writeOut(lines);
    else if (stdoutFormat !== null) {
      const style = { color: wantsColor(flags.color), width: outputWidth(), verbose: flags.verbose === true };
      writeOut(render(stdoutFormat, report, services, style));
    }
    for (const output of outputs) {
      output.finish(report, services);
      if (stdoutFormat === null && flags.quiet !== true) writeOut([`wrote ${output.path}\n`]);
    }
    for (const { file, offset, what } of report.capture.damage) {
      process.stderr.write(`teardown: ${file}: ${what} (at byte ${offset}); everything before it was analysed\n`);
    }
    return report.capture.damage.length > 0 ? EXIT_DAMAGED : EXIT_DONE;
  } catch (error) {
    for (const output of outputs) output.abort();
    throw error;
  }
}
