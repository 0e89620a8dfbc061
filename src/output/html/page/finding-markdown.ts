/** A finding for a ticket, in GitHub's Markdown. */

import type { Finding } from '../../../report/types.ts';
import { count, moment } from '../../../words.ts';
import { escaped, prose } from '../../markdown.ts';

/** Flows and frames that are named. */
const MOST = 20;
/** Characters of a paragraph. */
const LONG = 4000;

/** @param reference the capture's first packet: times of its day stand without a date */
export function findingMarkdown(finding: Finding, reference: string | null): string {
  const { severity, title, because, doThis, confidence, rule, rfc, flows, flowCount, frames, at, until } = finding;
  const times = [...new Set([at, until].filter((each) => each !== null).map((each) => moment(each, reference)))];
  const facts = [
    `confidence: ${confidence}`,
    ...(times.length === 0 ? [] : [`${times.join(' to ')} UTC`]),
    ...(flowCount === 0 ? [] : [`${flowCount === 1 ? 'flow' : 'flows'} ${numbers(flows, flowCount)}`]),
    ...(frames.length === 0 ? [] : [`${frames.length === 1 ? 'frame' : 'frames'} ${numbers(frames, frames.length)}`]),
    ...(rfc === null ? [] : [escaped(rfc, 100)]),
    `rule \`${rule.replace(/[^\w-]/g, '')}\``,
  ];
  return [
    `**${severity}**: ${prose(title, LONG)}`,
    '',
    prose(because, LONG),
    '',
    ...doThis.map((step, index) => `${index + 1}. ${prose(step, LONG)}`),
    ...(doThis.length === 0 ? [] : ['']),
    ...facts.map((fact) => `- ${fact}`),
    ...filterLines(finding.wiresharkFilter),
    '',
  ].join('\n');
}

function numbers(all: readonly number[], of: number): string {
  const named = all.slice(0, MOST);
  const left = of - named.length;
  if (named.length === 0) return `(${count(of)})`;
  return `${named.join(', ')}${left > 0 ? ` and ${count(left)} more` : ''}`;
}

/** A filter is no use when it is escaped: it stands as code, between more backquotes than it has. */
function filterLines(filter: string | null): string[] {
  if (filter === null) return [];
  const line = filter.replace(/\s+/g, ' ').trim();
  const fence = '`'.repeat(Math.max(0, ...(line.match(/`+/g) ?? []).map(({ length }) => length)) + 1);
  const space = fence.length > 1 ? ' ' : '';
  return [`- Wireshark: ${fence}${space}${line}${space}${fence}`];
}
