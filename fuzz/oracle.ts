/** Analyses an input in every way there is, and says what is wrong with what came of it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { isDeepStrictEqual } from 'node:util';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { type Analysis, type AnalyzeOptions, runAnalysis } from '../src/analyze.ts';
import { type Format, render, streamHead, streamLine } from '../src/cli/formats.ts';
import { runComparison } from '../src/compare.ts';
import { InputError } from '../src/input/errors.ts';
import { ladder } from '../src/output/ladder.ts';
import type { Flow, Report } from '../src/report/types.ts';
import { segmentsOf } from '../src/segments.ts';
import type { Dice } from './dice.ts';
import { faultsOf } from './invariants.ts';
import { MARKER, ROOT } from './seeds.ts';

/** One capture, or several that are read as one. */
export type Input = readonly Buffer[];

/** What is examined: the program, or a program with a planted fault. */
export type Subject = (files: readonly string[], options: AnalyzeOptions) => Promise<Analysis>;

export interface Verdict {
  /** what the input is to the program; inputs that are alike have the same. Null where the program failed */
  feature: string | null;
  faults: Fault[];
}

export interface Fault {
  /** in few words: which promise was broken, and how. Equal for equal faults */
  what: string;
  detail: string;
}

/** Readings beside the first; each is dear. */
const EXTRAS = ['kernel', 'twice', 'way', 'outputs', 'schema', 'stream', 'split', 'compare', 'threads'] as const;
export type Extra = (typeof EXTRAS)[number];
/** In how many of the runs each is done. */
const SHARE: Record<Extra, number> = {
  ...{
    kernel: 0.08,
    twice: 0.02,
    way: 0.04,
    outputs: 0.02,
    schema: 0.02,
    stream: 0.02,
    split: 0.02,
    compare: 0.003,
    threads: 0.0003,
  },
};

/** The readings that a run has beside the first. */
export function extrasOf(dice: Dice): Extra[] {
  return EXTRAS.filter((extra) => dice.chance(SHARE[extra]));
}

/** All but threads, which need a build of their program. */
export const ALL_EXTRAS: Extra[] = EXTRAS.filter((extra) => extra !== 'threads');

class Broken extends Error {}

export class Oracle {
  readonly #folder: string;
  readonly #analyse: Subject;

  /** @param folder an existing one for the files that some readings need; the fastest there is */
  constructor(folder: string, analyse: Subject = runAnalysis) {
    this.#folder = folder;
    this.#analyse = analyse;
  }

  /** @param dice for how the bytes are handed over */
  async judge(input: Input, extras: readonly Extra[], dice: Dice): Promise<Verdict> {
    const faults: Fault[] = [];
    let first: Analysis | InputError;
    try {
      first = await this.#read(input, {});
    } catch (error) {
      return { feature: null, faults: [faultOf('analyze', error)] };
    }
    if (!(first instanceof InputError)) {
      const found = new Set(faultsOf(first.report));
      for (const fault of found) faults.push({ what: `report: ${fault}`, detail: '' });
    }
    for (const extra of extras) {
      try {
        await this.#extra(extra, input, first, dice);
      } catch (error) {
        faults.push(faultOf(extra, error));
      }
    }
    return { feature: featureOf(first), faults };
  }

  /** Once more, with everything else there is, and compared with the first time. */
  async #extra(extra: Extra, input: Input, first: Analysis | InputError, dice: Dice): Promise<void> {
    const again = async (options: AnalyzeOptions, files?: readonly string[]) =>
      expectSame(await this.#read(input, options, files), first);
    if (extra === 'kernel') return await again({ kernel: false });
    if (extra === 'twice') return await again({});
    // Of damaged compressed data there is more or less, by the size of what came at once.
    if (extra === 'way' && input.some(isCompressed)) return;
    if (extra === 'way')
      return await again(input.length === 1 ? { stdin: pieces(input[0]!, dice) } : {}, this.#files(input));
    if (first instanceof InputError) return;
    if (extra === 'threads') return await again({ threads: 2 }, this.#files(input));
    if (extra === 'schema') return expectSchema(first.report);
    if (extra === 'outputs') return await this.#outputs(input, first);
    if (extra === 'stream') return await this.#stream(input, first);
    if (extra === 'split') return await this.#split(input);
    return await this.#compare(input);
  }

  /** A single capture comes through a pipe unless files are named. */
  async #read(input: Input, options: AnalyzeOptions, files?: readonly string[]): Promise<Analysis | InputError> {
    const paths = options.stdin === undefined && files !== undefined ? files : this.#paths(input);
    const stdin = options.stdin ?? Readable.from([input[0]!]);
    try {
      return await this.#analyse(paths, paths[0] === '-' ? { ...options, stdin } : options);
    } catch (error) {
      if (error instanceof InputError) return error;
      throw error;
    }
  }

  #paths(input: Input): string[] {
    return input.length === 1 ? ['-'] : this.#files(input);
  }

  #files(input: Input): string[] {
    return input.map((bytes, i) => {
      const path = join(this.#folder, `${i}.pcap`);
      writeFileSync(path, bytes);
      return path;
    });
  }

  /** Everything that is written can be, and holds no payload. */
  async #outputs(input: Input, { report, services }: Analysis): Promise<void> {
    const texts: string[] = [];
    for (const format of ['json', 'md', 'text'] as Format[]) {
      for (const style of [
        { color: true, width: 80, verbose: true },
        { color: false, width: 200, verbose: false },
      ]) {
        texts.push(Array.from(render(format, report, { services }, style)).join(''));
      }
    }
    for (const format of ['ndjson', 'csv'] as Format[]) {
      texts.push(streamHead(format), ...report.flows.slice(0, 50).map((flow) => streamLine(format, flow)));
    }
    const files = this.#files(input);
    for (const flow of report.flows.slice(0, 3)) {
      const { segments } = await segmentsOf(files, flow);
      if (segments.length === 0) throw new Broken('a flow without segments at the second reading');
      texts.push(ladder(flow, segments, { color: true, width: 100 }));
    }
    if (texts.some((text) => text.includes(MARKER.slice(0, 8)))) throw new Broken('payload in an output');
  }

  /** Flows one by one: as many, and the same ones. */
  async #stream(input: Input, { report }: Analysis): Promise<void> {
    const flows: Flow[] = [];
    const streamed = await this.#read(input, { onFlow: (flow) => flows.push(flow), where: 'id >= 0' });
    if (streamed instanceof InputError) throw new Broken('streamed, it is no capture');
    if (flows.length !== report.totals.flows) throw new Broken('streamed, there is another number of flows');
    const ids = flows.map(({ id }) => id).sort((a, b) => a - b);
    if (ids.some((id, i) => id !== i + 1)) throw new Broken('streamed, flows are missing or come twice');
  }

  /** Told apart by VLAN and tunnel, what is reported holds together too. */
  async #split(input: Input): Promise<void> {
    const again = await this.#read(input, { splitBy: ['vlan', 'tunnel'] });
    if (again instanceof InputError) throw new Broken('told apart, it is no capture');
    for (const fault of new Set(faultsOf(again.report))) throw new Broken(fault);
  }

  /** With another capture, or with itself. */
  async #compare(input: Input): Promise<void> {
    const files = this.#files(input);
    try {
      const { report } = await runComparison([files[0]!], [files.at(-1)!]);
      expectSchema(report);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
    }
  }
}

function isCompressed(bytes: Buffer): boolean {
  return (bytes[0] === 0x1f && bytes[1] === 0x8b) || (bytes.length >= 4 && bytes.readUInt32LE() === 0xfd2fb528);
}

/** The bytes in pieces of any length. */
function pieces(bytes: Buffer, dice: Dice): Readable {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = 1 + dice.below(dice.chance(0.5) ? 40 : 4000);
    parts.push(bytes.subarray(at, at + length));
    at += length;
  }
  return Readable.from(parts);
}

/** The same report, but for the files' names. */
function expectSame(again: Analysis | InputError, first: Analysis | InputError): void {
  if (again instanceof InputError || first instanceof InputError) {
    if (again instanceof InputError !== first instanceof InputError)
      throw new Broken('refused one way, taken the other');
    return;
  }
  const [a, b] = [nameless(again.report), nameless(first.report)];
  if (isDeepStrictEqual(a, b)) return;
  const different = Object.keys(a).filter((key) => !isDeepStrictEqual(a[key], b[key]));
  throw new Broken(`another report: ${different.join(', ')} differ`);
}

function nameless(report: Report): Record<string, unknown> {
  const { capture } = report;
  // Of a capture that ends in damage more or less may have been read, by the size of what came at once.
  const isWhole = capture.damage.length === 0;
  const files = capture.files.map((file) => ({ ...file, name: '', bytes: isWhole ? file.bytes : 0 }));
  const damage = capture.damage.map((each) => ({ ...each, file: '' }));
  // What is said of damage names the file.
  const findings = report.findings.map((each) =>
    isWhole || each.rule !== 'capture-limits' ? each : { ...each, because: '' },
  );
  return { ...report, capture: { ...capture, files, damage }, findings };
}

const isReport = compileSchema();

function compileSchema() {
  const ajv = new Ajv2020({ strict: true });
  addFormats.default(ajv);
  return ajv.compile(JSON.parse(readFileSync(join(ROOT, 'schema/report.schema.json'), 'utf8')));
}

function expectSchema(report: Report): void {
  if (isReport(JSON.parse(JSON.stringify(report)))) return;
  const [error] = isReport.errors ?? [];
  throw new Broken(`not by the schema: ${error?.instancePath.replace(/\d+/g, 'N')} ${error?.message}`);
}

function faultOf(when: string, error: unknown): Fault {
  if (error instanceof Broken) return { what: `${when}: ${error.message}`, detail: '' };
  const { message, stack = '' } = error instanceof Error ? error : new Error(String(error));
  const [place = ''] = /(?<=\n {4}at ).*/.exec(stack) ?? [];
  return { what: `${when} throws: ${message.replace(/\d+/g, 'N')} at ${place.split(' ')[0]}`, detail: stack };
}

/** What an input showed: formats, reasons, damage, notes, kinds, states, causes. Counts only by their magnitude. */
function featureOf(first: Analysis | InputError): string {
  if (first instanceof InputError) return `refused: ${first.why.replace(/\d+/g, 'N')}`;
  const { capture, flows, totals } = first.report;
  const words = new Set<string>();
  for (const { format, linkTypes } of capture.files) words.add(`${format} ${linkTypes.join()}`);
  for (const reason of Object.keys(capture.skipped)) words.add(reason);
  for (const { what } of capture.damage) words.add(what.replace(/\d+/g, 'N').slice(0, 40));
  words.add(`${Math.ceil(Math.log2(totals.flows + 1))} flows`);
  for (const { kind, closeShape, reset, reuse, notes, endpoints, encapsulation } of flows.slice(0, 4)) {
    words.add(`${kind} ${closeShape} ${reset?.cause ?? ''} ${reuse?.outcome ?? ''}`);
    for (const note of notes) words.add(note);
    for (const { states } of [endpoints.client, endpoints.server]) for (const { state } of states) words.add(state);
    for (const { type } of encapsulation?.tunnels ?? []) words.add(type);
  }
  return Array.from(words).sort().join('|');
}
