/** What the page's script has to know beside flows and segments. */

import type { SplitWord } from '../../decode/split.ts';
import type { Capture, Finding } from '../../report/types.ts';
import { type ChartSet, chartsOf } from './charts/charts.ts';
import type { HtmlInput } from './model.ts';

export interface PageFacts {
  capture: Pick<Capture, 'firstPacket' | 'lastPacket' | 'position' | 'seconds'>;
  splitBy: readonly SplitWord[];
  /** flows that the totals count: more than are listed where some were left out */
  flows: number;
  findings: Finding[];
  charts: ChartSet;
}

export function pageFacts(input: HtmlInput): PageFacts {
  const { report, splitBy = [] } = input;
  const { firstPacket, lastPacket, position, seconds } = report.capture;
  return {
    capture: { firstPacket, lastPacket, position, seconds },
    splitBy,
    flows: report.totals.flows,
    findings: report.findings,
    charts: chartsOf(input),
  };
}
