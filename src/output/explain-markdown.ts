/** The same explanations as Markdown: for tickets, and for docs/findings.md. */

import type { Rule } from '../findings/rule.ts';
import { sentence } from '../words.ts';
import {
  CONFIDENCE_WORDS,
  grouped,
  SEVERITY_WORDS,
  THRESHOLD_HELP,
  thresholdValue,
  thresholdWords,
} from './rule-words.ts';

/** Markup and HTML outside of `code` as they are; code stays. */
function prose(text: string): string {
  const parts = text.split('`');
  return parts
    .map((part, i) =>
      i % 2 === 1 ? `\`${part}\`` : part.replace(/[\\*[\]|~#<>]|(?<!\w)_|_(?!\w)/g, (mark) => `\\${mark}`),
    )
    .join('');
}

/** In a cell a bar ends it, within code too. */
const cell = (text: string): string => prose(text).replace(/(?<!\\)\|/g, '\\|');

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/**
 * All rules as a table: rule, when it fires, its threshold.
 * @param page where each rule is explained, before its anchor
 */
export function rulesTable(rules: readonly Rule[], page: string): string {
  const rows = grouped(rules).flatMap(([, own]) =>
    own.map(({ name, fires, threshold }) => [
      `[\`${name}\`](${page}#${name})`,
      cell(fires),
      threshold === null ? '-' : thresholdValue(threshold, threshold.default),
    ]),
  );
  return table(['rule', 'fires when', 'threshold'], rows);
}

/** One rule; its heading is its name, so that the anchor stays. @param level of the heading */
export function ruleMarkdown(rule: Rule, level = 2): string {
  const { means, why, doThis, wrongAdvice, unproven } = rule.explanation;
  const sections: [title: string, text: string][] = [
    ['When it fires', `${prose(sentence(rule.fires))}. ${prose(thresholdWords(rule))}`],
    ['Why it happens', why.map(prose).join('\n\n')],
    ['What to do', doThis.map((step, i) => `${i + 1}. ${prose(step)}`).join('\n')],
    ['Advice that is wrong', wrongAdvice.map(([advice, truth]) => `- *${prose(advice)}* ${prose(truth)}`).join('\n')],
    ["What packets can't prove", unproven.map(prose).join('\n\n')],
    ['Sources', prose(rule.rfc ?? '')],
  ];
  return [
    `${'#'.repeat(level)} ${rule.name}`,
    `**${prose(rule.title)}.** ${prose(means)}`,
    ...sections.filter(([, text]) => text !== '').map(([title, text]) => `**${title}**\n\n${text}`),
  ].join('\n\n');
}

/** What every finding's severity and confidence mean, and how thresholds are set. */
export function wordsMarkdown(): string {
  return [
    table(['severity', ''], SEVERITY_WORDS),
    table(['confidence', ''], CONFIDENCE_WORDS),
    THRESHOLD_HELP.map(prose).join('\n\n'),
  ].join('\n\n');
}

/** The list of all rules, and the words. Ends with a line break. */
export function allMarkdown(rules: readonly Rule[]): string {
  const lists = grouped(rules).map(([title, own]) =>
    [`### ${title}`, own.map(({ name, title: what }) => `- \`${name}\`: ${prose(what)}`).join('\n')].join('\n\n'),
  );
  return `${['## What teardown finds', ...lists, '### Words', wordsMarkdown()].join('\n\n')}\n`;
}
