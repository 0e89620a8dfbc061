/** Options of the commands that analyse, and what they say. */

import type { AnalyzeOptions } from '../analyze.ts';
import type { SplitWord } from '../decode/split.ts';
import type { PortRange } from '../findings/context.ts';
import { type RedactMode, Redactor } from '../redact/redactor.ts';
import type { Severity } from '../report/types.ts';
import { choicesOf } from '../systems.ts';
import type { Format } from './formats.ts';
import type { ColorChoice } from './terminal.ts';

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
