/** `teardown explain`: what a rule's findings mean, why that happens, what to do; and the list of all rules. */

import type { Rule } from '../findings/rule.ts';
import { sentence } from '../words.ts';
import { CONFIDENCE_WORDS, grouped, SEVERITY_WORDS, THRESHOLD_HELP, thresholdWords } from './rule-words.ts';
import { hang, hangCode, type Paint, pad, styleOf } from './style.ts';

export interface ExplainStyle {
  color: boolean;
  /** columns of the terminal; less than 40 is taken as 40 */
  width: number;
}

/** Lines of prose longer than this are hard to read. */
const PROSE = 100;

/** One rule on a terminal. Ends with a line break. */
export function explainRule(rule: Rule, { color, width }: ExplainStyle): string {
  const style = styleOf(color);
  const most = Math.min(PROSE, Math.max(40, width));
  const text = (words: string, lead = '  ') => hangCode(lead, words, most, style.bold);
  const { means, why, doThis, wrongAdvice, unproven } = rule.explanation;
  const steps = doThis.flatMap((step, i) => text(step, `  ${doThis.length > 1 ? `${i + 1}. ` : ''}`));
  const wrong = wrongAdvice.flatMap(([advice, truth]) => [...text(advice, '  ✗ '), ...text(truth, '    ')]);
  const sources = rule.rfc === null ? [] : hang('  ', rule.rfc, most, style.dim);
  const sections: [title: string, lines: string[]][] = [
    ['WHEN IT FIRES', [...text(`${sentence(rule.fires)}.`), ...text(thresholdWords(rule))]],
    ['WHY IT HAPPENS', apart(why.map((each) => text(each)))],
    ['WHAT TO DO', steps],
    ['ADVICE THAT IS WRONG', wrong],
    ["WHAT PACKETS CAN'T PROVE", apart(unproven.map((each) => text(each)))],
    ['SOURCES', sources],
  ];
  const parts = [
    hang('', `${rule.name}: ${rule.title}`, most, style.bold),
    text(means),
    ...sections.filter(([, lines]) => lines.length > 0).map(([title, lines]) => [style.bold(title), ...lines]),
    hang('', 'teardown explain lists all rules', most, style.dim),
  ];
  return page(parts);
}

/** All rules in a line each, by group, and what the words mean that every finding has. Ends with a line break. */
export function explainAll(rules: readonly Rule[], { color, width }: ExplainStyle): string {
  const style = styleOf(color);
  const most = Math.max(40, width);
  const prose = Math.min(PROSE, most);
  const name = rules.reduce((longest, rule) => Math.max(longest, rule.name.length), 0);
  const entry = (word: string, words: string, columns: number, paint: Paint = style.bold): string[] => {
    const [first = '', ...more] = hang(' '.repeat(columns + 4), words, prose);
    return [`  ${paint(pad(word, columns))}  ${first.trimStart()}`, ...more];
  };
  const parts = [
    hang('', 'What teardown finds, and when. teardown explain RULE tells more.', prose),
    ...grouped(rules).map(([title, own]) => [
      style.bold(title),
      ...own.flatMap((rule) => entry(rule.name, rule.title, name)),
    ]),
    [style.bold('Severity'), ...SEVERITY_WORDS.flatMap(([word, words]) => entry(word, words, 8, style.severity[word]))],
    [style.bold('Confidence'), ...CONFIDENCE_WORDS.flatMap(([word, words]) => entry(word, words, 8))],
    [style.bold('Thresholds'), ...THRESHOLD_HELP.flatMap((words) => hangCode('  ', words, prose, style.bold))],
  ];
  return page(parts);
}

function apart(paragraphs: readonly string[][]): string[] {
  return paragraphs.flatMap((lines, i) => (i === 0 ? lines : ['', ...lines]));
}

function page(parts: readonly string[][]): string {
  return `${parts.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}
