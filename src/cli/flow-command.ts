import { MAX_FLOWS, runAnalysis } from '../analyze.ts';
import { isReadOnce } from '../input/source.ts';
import { ladder } from '../output/ladder.ts';
import { plain } from '../output/style.ts';
import type { Address, Flow } from '../report/types.ts';
import { segmentsOf } from '../segments.ts';
import { parseWhere } from '../where/where.ts';
import { addressPort } from '../words.ts';
import { EXIT_DAMAGED, EXIT_DONE, EXIT_NOTHING, UsageError, warnOfDamage } from './errors.ts';
import { type AnalyzeFlags, redactorOf, systemOptions } from './flags.ts';
import { capturesOf } from './inputs.ts';
import { Progress } from './progress.ts';
import { outputWidth, wantsColor, writeOut } from './terminal.ts';

/** `teardown flow FILE... SELECTOR` @returns the exit code */
export async function flowCommand(operands: string[], flags: AnalyzeFlags): Promise<number> {
  const inputs = operands.slice(0, -1);
  const selector = operands.at(-1);
  if (inputs.length === 0 || selector === undefined) {
    throw new UsageError('flow needs a capture and a selector', 'as in: teardown flow web.pcap 7');
  }
  if (inputs.some(isReadOnce)) {
    throw new UsageError('flow reads a capture twice, and a pipe can be read once', 'save it to a file first');
  }
  const selects = parseSelector(selector);
  const files = await capturesOf(inputs, flags.quiet === true);
  const progress = new Progress(flags.progress && flags.quiet !== true);
  const options = {
    ...systemOptions(flags),
    splitBy: flags.splitBy,
    maxFlows: flags.maxFlows ?? MAX_FLOWS,
    onProgress: progress.update,
  };
  const analyzed = await runAnalysis(files, { ...options, accepts: selects }).finally(() => progress.end());
  const [original, ...others] = analyzed.report.flows;
  const report =
    redactorOf(flags)?.report({ ...analyzed.report, flows: analyzed.report.flows.slice(0, 1) }) ?? analyzed.report;
  const [flow] = report.flows;
  const damaged = report.capture.damage.length > 0;
  if (original === undefined || flow === undefined) {
    warnOfDamage(report.capture);
    const hint = `teardown ${inputs.join(' ')} lists the flows`;
    process.stderr.write(`teardown: no flow matches ${plain(selector)}\n  ${plain(hint)}\n`);
    return damaged ? EXIT_DAMAGED : EXIT_NOTHING;
  }
  const { segments, more } = await segmentsOf(files, original, flags.splitBy);
  writeOut([ladder(flow, segments, { color: wantsColor(flags.color), width: outputWidth(), splitBy: flags.splitBy })]);
  if (more > 0) process.stderr.write(`teardown: ${more} more segments of this flow are not drawn\n`);
  if (others.length > 0 && flags.quiet !== true) {
    const ids = others.slice(0, 8).map(({ id }) => id);
    const rest = others.length > ids.length ? ', ...' : '';
    process.stderr.write(`teardown: ${others.length} more flows match: ${ids.join(', ')}${rest}\n`);
  }
  warnOfDamage(report.capture);
  return damaged ? EXIT_DAMAGED : EXIT_DONE;
}

/**
 * A flow's id, its Community ID, `a:p-b:p` in either order, `a:p` or `*:p` of either end, or an expression of --where.
 * @throws WhereError
 */
export function parseSelector(text: string): (flow: Flow) => boolean {
  if (/^\d+$/.test(text)) return (flow) => flow.id === Number(text);
  if (/^1:[A-Za-z0-9+/]{27}=$/.test(text)) return (flow) => flow.communityId === text;
  const pair = /^(\[[0-9a-fA-F:.]+\]|[0-9.]+):(\d+)-(\[[0-9a-fA-F:.]+\]|[0-9.]+):(\d+)$/.exec(text);
  if (pair !== null) {
    const [a, b] = [`${canonical(pair[1]!)}:${Number(pair[2])}`, `${canonical(pair[3]!)}:${Number(pair[4])}`];
    return ({ client, server }) => {
      const [c, s] = [addressPort(client), addressPort(server)];
      return (c === a && s === b) || (c === b && s === a);
    };
  }
  const end = /^(\*|\[[0-9a-fA-F:.]+\]|[0-9.]+):(\d+)$/.exec(text);
  if (end !== null) {
    const [host, port] = [end[1]!, Number(end[2])];
    const matches = (address: Address) =>
      address.port === port && (host === '*' || addressPort(address) === `${canonical(host)}:${port}`);
    return ({ client, server }) => matches(client) || matches(server);
  }
  const where = parseWhere(text);
  return (flow) => where.matches(flow);
}

/** IPv6 in brackets as RFC 5952 writes it. */
function canonical(host: string): string {
  if (!host.startsWith('[')) return host;
  try {
    return new URL(`http://${host}/`).hostname;
  } catch {
    return host;
  }
}
