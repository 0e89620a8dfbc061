import { extname } from 'node:path';
import type { SplitWord } from '../decode/split.ts';
import { csvHeader, csvRow } from '../output/csv.ts';
import { AtomicFile } from '../output/files.ts';
import type { Stays } from '../output/html/charts/stays.ts';
import { type HtmlOptions, type Ladders, MAX_REPORT_BYTES } from '../output/html/model.ts';
import { htmlReport } from '../output/html/report.tsx';
import { jsonReport } from '../output/json.ts';
import { markdownReport } from '../output/markdown.ts';
import { ndjsonLine } from '../output/ndjson.ts';
import { textReport } from '../output/text.ts';
import type { ServiceTotals } from '../report/services.ts';
import type { ComparisonTotals, Flow, Report } from '../report/types.ts';
import { UsageError } from './errors.ts';

export const FORMATS = ['text', 'json', 'ndjson', 'csv', 'md', 'html'] as const;
export type Format = (typeof FORMATS)[number];

const BY_ENDING: Record<string, Format> = {
  '.txt': 'text',
  '.json': 'json',
  '.ndjson': 'ndjson',
  '.jsonl': 'ndjson',
  '.csv': 'csv',
  '.md': 'md',
  '.html': 'html',
  '.htm': 'html',
};

/** The format that a file's ending asks for. @throws UsageError */
export function formatOf(path: string): Format {
  const format = BY_ENDING[extname(path).toLowerCase()];
  if (format !== undefined) return format;
  const ending = extname(path) === '' ? 'it has no ending' : `${extname(path)} is no format`;
  throw new UsageError(`can't tell the format of ${path}: ${ending}`, 'use .html, .txt, .json, .ndjson, .csv or .md');
}

/** Formats of which each flow is a line, written as flows end. */
export function isStreamed(format: Format): boolean {
  return format === 'ndjson' || format === 'csv';
}

/** What a streamed format writes before the first flow, and for each flow. */
export function streamHead(format: Format): string {
  return format === 'csv' ? csvHeader() : '';
}

export function streamLine(format: Format, flow: Flow): string {
  return format === 'csv' ? csvRow(flow) : ndjsonLine(flow);
}

export interface TextStyle {
  color: boolean;
  width: number;
  verbose: boolean;
}

/** What summaries show beside the report. */
export interface Beside {
  services: ServiceTotals;
  comparison?: ComparisonTotals;
  /** by what flows are told apart */
  splitBy?: readonly SplitWord[] | undefined;
  /** of HTML alone */
  stays?: Stays | undefined;
  ladders?: Ladders | undefined;
  maxReportBytes?: number | undefined;
  onTooLarge?: HtmlOptions['onTooLarge'];
}

const NO_LADDERS: Ladders = { of: new Map(), left: 'No segments were kept for this page.' };

/** A whole report in a format that is not streamed. */
export function render(format: Format, report: Report, beside: Beside, style: TextStyle): Iterable<string> {
  switch (format) {
    case 'json':
      return jsonReport(report);
    case 'md':
      return [markdownReport(report, beside.comparison, beside.splitBy)];
    case 'html': {
      const { stays = null, ladders = NO_LADDERS, maxReportBytes = MAX_REPORT_BYTES, onTooLarge } = beside;
      return htmlReport({ ...beside, report, stays, ladders }, { maxBytes: maxReportBytes, onTooLarge });
    }
    default:
      return [textReport(report, { ...style, ...beside })];
  }
}

/** An output file: streamed ones grow as flows end, the others are written at the end; all appear when complete. */
export class OutputFile {
  readonly path: string;
  readonly format: Format;
  private readonly file: AtomicFile;

  /** @throws UsageError for an unknown ending, OutputError where it can't be written */
  constructor(path: string) {
    this.path = path;
    this.format = formatOf(path);
    this.file = new AtomicFile(path);
    if (isStreamed(this.format)) this.file.write(streamHead(this.format));
  }

  add(flow: Flow): void {
    if (isStreamed(this.format)) this.file.write(streamLine(this.format, flow));
  }

  finish(report: Report, beside: Beside): void {
    if (!isStreamed(this.format)) {
      for (const chunk of render(this.format, report, beside, { color: false, width: 120, verbose: false })) {
        this.file.write(chunk);
      }
    }
    this.file.commit();
  }

  abort(): void {
    this.file.abort();
  }
}
