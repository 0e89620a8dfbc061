/** The library: the same pipeline for programs. */
export { type AnalyzeOptions, analyze, MAX_FLOWS, VERSION } from './analyze.ts';
export { type CompareOptions, compare } from './compare.ts';
export type { SplitWord } from './decode/split.ts';
export { diff } from './diff/diff.ts';
export type * from './diff/types.ts';
export { type EvidenceOptions, type EvidenceRedaction, type EvidenceWritten, writeEvidence } from './extract.ts';
export { InputError } from './input/errors.ts';
export { type FoundCaptures, findCaptures, type LeftOut } from './input/find.ts';
export { OutputError } from './output/files.ts';
export type { RedactMode, RedactOptions } from './redact/redactor.ts';
export type * from './report/types.ts';
export { type OsChoice, OsError } from './systems.ts';
export { ThresholdError } from './thresholds.ts';
export { WhereError } from './where/where.ts';
