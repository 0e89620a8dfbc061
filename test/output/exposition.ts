/** Prometheus' text format 0.0.4, read strictly: what is only tolerated by its readers is an error here. */

export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

export interface Family {
  type: string;
  help: string;
  samples: Sample[];
}

const NAME = '[a-zA-Z_][a-zA-Z0-9_]*';
const LABEL = new RegExp(String.raw`(${NAME})="((?:[^"\\\n]|\\["\\n])*)"(,|$)`, 'y');
const NUMBER = /^(?:-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|[+-]Inf|NaN)$/;

/** @throws Error with the line that is wrong */
export function parseExposition(text: string): Map<string, Family> {
  if (!text.endsWith('\n')) throw new Error('the last line does not end');
  const families = new Map<string, Family>();
  const seen = new Set<string>();
  let current: { name: string; family: Family } | null = null;
  let help: { name: string; text: string } | null = null;
  for (const line of text.slice(0, -1).split('\n')) {
    const wrong = (why: string) => new Error(`${why}: ${line}`);
    if (line === '') continue;
    const [, word, about, rest] = new RegExp(`^# (HELP|TYPE) (${NAME}) (.+)$`).exec(line) ?? [];
    if (word === 'HELP') {
      if (/\\(?![\\n])/.test(rest!)) throw wrong('escape');
      help = { name: about!, text: rest! };
      current = null;
    } else if (word === 'TYPE') {
      if (help?.name !== about) throw wrong('TYPE without HELP before it');
      if (families.has(about!)) throw wrong('twice');
      if (!['counter', 'gauge', 'histogram'].includes(rest!)) throw wrong('type');
      if ((rest === 'counter') !== about!.endsWith('_total')) throw wrong('name of a counter, or not');
      current = { name: about!, family: { type: rest!, help: help!.text, samples: [] } };
      families.set(current.name, current.family);
    } else {
      if (current === null || line.startsWith('#')) throw wrong('not expected');
      const [, name, labels, value] = new RegExp(`^(${NAME})(?:\\{(.*)\\})? (\\S+)$`).exec(line) ?? [];
      const endings = current.family.type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
      if (!endings.some((ending) => name === current!.name + ending)) throw wrong('not of its family');
      if (!NUMBER.test(value!)) throw wrong('number');
      const sample = {
        name: name!,
        labels: labels === undefined ? {} : parseLabels(labels),
        value: parseNumber(value!),
      };
      const series = JSON.stringify([name, Object.entries(sample.labels).sort()]);
      if (seen.has(series)) throw wrong('a second time');
      seen.add(series);
      current.family.samples.push(sample);
    }
  }
  for (const [name, family] of families) if (family.type === 'histogram') checkHistogram(name, family);
  return families;
}

function parseNumber(text: string): number {
  return text.endsWith('Inf') ? Number(`${text}inity`) : Number(text);
}

function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (LABEL.lastIndex = 0; LABEL.lastIndex < text.length; ) {
    const at = LABEL.lastIndex;
    const [, name, value, end] = LABEL.exec(text) ?? [];
    if (name === undefined || (end === ',' && LABEL.lastIndex === text.length))
      throw new Error(`labels: ${text.slice(at)}`);
    if (name in labels) throw new Error(`label twice: ${text}`);
    labels[name] = value!.replace(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
  }
  return labels;
}

/** Buckets that grow, the last of them +Inf and equal to the count, for every set of labels. */
function checkHistogram(name: string, { samples }: Family): void {
  const groups = new Map<string, Sample[]>();
  for (const each of samples) {
    const { le: _, ...labels } = each.labels;
    const group = JSON.stringify(labels);
    groups.set(group, [...(groups.get(group) ?? []), each]);
  }
  for (const [labels, group] of groups) {
    const buckets = group.filter((each) => each.name === `${name}_bucket`);
    const bounds = buckets.map((each) => parseNumber(each.labels['le']!));
    const [sum, count] = ['_sum', '_count'].map((ending) => group.filter((each) => each.name === name + ending));
    const grows = (values: number[], least: number) => values.every((v, i) => i === 0 || v - values[i - 1]! >= least);
    if (!grows(bounds, Number.MIN_VALUE) || bounds.at(-1) !== Number.POSITIVE_INFINITY)
      throw new Error(`bounds: ${name}`);
    if (
      !grows(
        buckets.map((each) => each.value),
        0,
      )
    )
      throw new Error(`buckets: ${name}${labels}`);
    if (sum!.length !== 1 || count!.length !== 1) throw new Error(`sum, count: ${name}${labels}`);
    if (count![0]!.value !== buckets.at(-1)!.value) throw new Error(`count: ${name}${labels}`);
  }
}
