import type { Confidence, Severity } from '../report/types.ts';
import type { Context } from './context.ts';
import type { RuleName } from './rule-names.ts';

export { RULE_NAMES, type RuleName } from './rule-names.ts';

/** From which value a rule fires: `--threshold RULE=VALUE`. */
export interface Threshold {
  /** seconds ('s'), a number ('count') or a share of 1 ('share') */
  unit: 's' | 'count' | 'share';
  default: number;
  min: number;
  max: number;
  /** what is compared with it */
  of: string;
}

/** A finding before its numbers become texts. Times are ns since the capture's first second. */
export interface Draft {
  severity: Severity;
  /** what was found, in one line of at most 100 characters or so, with its main number */
  title: string;
  /** what was seen, with this capture's own numbers, and what it means: two to four sentences */
  because: string;
  /** what to do, the best first; concrete */
  doThis: string[];
  confidence: Confidence;
  /** "address:port" or an address; null */
  endpoint: string | null;
  /** ids of flows that show it, the best first: EVIDENCE at most are kept */
  flows: readonly number[];
  flowCount: number;
  frames: readonly (number | null)[];
  at: number | null;
  until: number | null;
  /** Wireshark's display filter, where the flows' ids would not do */
  filter?: string | undefined;
}

/** What `teardown explain RULE` tells: for somebody who has never heard of it. Plain text; `code` between backquotes. */
export interface Explanation {
  /** what it means, in one or two sentences */
  means: string;
  /** why it happens: paragraphs */
  why: readonly string[];
  /** what to do, by system and runtime where that matters */
  doThis: readonly string[];
  /** old advice on it that is wrong, and what is true */
  wrongAdvice: readonly (readonly [advice: string, truth: string])[];
  /** what a capture can't prove here, and the command that can */
  unproven: readonly string[];
}

/** A rule: what it says, and when. */
export interface Rule {
  readonly name: RuleName;
  /** what it is, in a line without a point */
  readonly title: string;
  /** when it fires, in a line */
  readonly fires: string;
  /** sections of RFCs, and kernel files */
  readonly rfc: string | null;
  /** null: there is nothing to set */
  readonly threshold: Threshold | null;
  readonly explanation: Explanation;
  /** Pure: the same context gives the same findings. */
  find(context: Context): Draft[];
}

/** Flows, and frames, that a finding names. */
export const EVIDENCE = 20;
