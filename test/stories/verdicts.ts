/** Holds a report's findings against what the incident's measured facts call for. */

import { basename, join } from 'node:path';
import type { Finding, Report, Side } from '../../src/report/types.ts';
import { capturesIn, readTruth, secondsOf } from '../cases/truth.ts';
import type { Absent, Expected, Fact, Story } from './expected.ts';

const SEVERITIES = ['info', 'warning', 'critical'] as const;
/** A process tries again each second or so, and Linux ends TIME_WAIT up to 2.1 s late. */
const WITHIN = 2.2;

type Facts = Record<string, unknown>;

/** How a capture is analysed; the range of --port-range if the story needs one. */
export type Analyse = (
  capture: string,
  portRange: readonly [number, number] | null,
) => Promise<Pick<Report, 'findings'>>;

/** Every capture in a story's folder. @returns "client.pcap: what isn't as it has to be", none if all is well */
export async function verdicts(story: Story, folder: string, analyse: Analyse): Promise<string[]> {
  const facts = readTruth<Facts | undefined>(folder).facts ?? {};
  const range = story.portRange === undefined ? null : (facts[story.portRange] as [number, number]);
  const found: string[] = [];
  for (const file of capturesIn(folder)) {
    const report = await analyse(join(folder, file), range);
    found.push(...complaints(story, facts, report, file).map((complaint) => `${file}: ${complaint}`));
  }
  return found;
}

/**
 * @param file the capture, whose name begins with the side where it was made
 * @returns what isn't as it has to be, a line each
 */
export function complaints(story: Story, facts: Facts, { findings }: Pick<Report, 'findings'>, file: string): string[] {
  const side: Side = basename(file).startsWith('client') ? 'client' : 'server';
  const wanted = story.expected.filter(({ seenBy = side }) => seenBy === side).map((each) => resolved(each, facts));
  const unwanted = (story.absent ?? []).map(({ rule, endpoint }) => ({
    rule,
    endpoint: measured(endpoint, facts),
  }));
  return [
    ...wanted.flatMap((each) => missing(each, findings)),
    ...unwanted.flatMap((each) => present(each, findings)),
    ...unasked(story, wanted, findings),
  ];
}

interface Wanted extends Omit<Expected, 'rule' | 'endpoint' | 'flowCount' | 'at' | 'until'> {
  rules: readonly string[];
  values: Partial<Record<'endpoint' | 'flowCount' | 'at' | 'until', string | number>>;
}

function resolved({ rule, endpoint, flowCount, at, until, ...rest }: Expected, facts: Facts): Wanted {
  const values: Wanted['values'] = {};
  for (const [name, fact] of Object.entries({ endpoint, flowCount, at, until })) {
    const value = measured(fact, facts);
    if (value !== undefined) values[name as keyof Wanted['values']] = value;
  }
  return { rules: typeof rule === 'string' ? [rule] : rule, values, ...rest };
}

/** @throws Error where the facts have no such name: a table that asks for nothing would hold for anything */
function measured(fact: Fact | undefined, facts: Facts): string | number | undefined {
  if (typeof fact !== 'string') return fact;
  const value = fact.split('.').reduce<unknown>((inside, name) => (inside as Facts | undefined)?.[name], facts);
  if (typeof value !== 'string' && typeof value !== 'number') throw new Error(`truth.json has no fact ${fact}`);
  return value;
}

/** Nothing if one of the findings is as wanted, else what is wrong with the one that comes nearest. */
function missing(wanted: Wanted, findings: readonly Finding[]): string[] {
  const { rules, optional = false } = wanted;
  const name = rules.join(' or ');
  const candidates = findings.filter(({ rule }) => rules.includes(rule)).map((finding) => faults(wanted, finding));
  if (candidates.length === 0) return optional ? [] : [`${name}: has not fired`];
  const nearest = candidates.reduce((best, each) => (each.length < best.length ? each : best));
  return nearest.map((fault) => `${name}: ${fault}`);
}

function faults({ severity = 'info', values, within = WITHIN, says, saysNot }: Wanted, finding: Finding): string[] {
  const found: string[] = [];
  const rank = (each: Finding['severity']) => SEVERITIES.indexOf(each);
  if (rank(finding.severity) < rank(severity)) found.push(`${finding.severity}, not ${severity}`);
  for (const name of ['endpoint', 'flowCount'] as const) {
    const value = values[name];
    if (value !== undefined && finding[name] !== value) found.push(`${name} ${finding[name]}, not ${value}`);
  }
  for (const name of ['at', 'until'] as const) {
    const value = values[name];
    if (value === undefined) continue;
    const time = finding[name];
    const off = time === null ? null : secondsOf(time) - Number(value);
    if (off === null) found.push(`${name} is not told`);
    else if (Math.abs(off) > within) found.push(`${name} is off by ${off.toFixed(3)} s`);
  }
  const text = [finding.title, finding.because, ...finding.doThis].join('\n');
  if (says !== undefined && !says.test(text)) found.push(`does not say ${says}`);
  if (saysNot?.test(text)) found.push(`says ${saysNot}`);
  return found;
}

function present({ rule, endpoint }: Absent, findings: readonly Finding[]): string[] {
  const fired = findings.filter((each) => each.rule === rule && (endpoint === undefined || each.endpoint === endpoint));
  return fired.map((each) => `${rule}: has fired (${each.severity}) at ${each.endpoint}`);
}

/** A finding that nobody asked for is a defect, unless it only informs. */
function unasked({ also = [] }: Story, wanted: readonly Wanted[], findings: readonly Finding[]): string[] {
  // What is expected with at least 'warning' may be more severe; an expected 'info' has to be named in `also` to be more.
  const loud = wanted.filter(({ severity = 'info' }) => severity !== 'info').flatMap(({ rules }) => rules);
  return findings
    .filter(({ rule, severity }) => severity !== 'info' && !loud.includes(rule) && !also.includes(rule))
    .map(({ rule, severity, title }) => `${rule}: ${severity} that nobody asked for: ${title}`);
}
