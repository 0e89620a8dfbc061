/** docs/findings.md, and the rules' table in README.md, printed from the rules in src/findings. */

import { RULES } from '../src/findings/findings.ts';
import { ruleMarkdown, rulesTable, wordsMarkdown } from '../src/output/explain-markdown.ts';
import { grouped } from '../src/output/rule-words.ts';

/** Where the page belongs, from the repository's root. */
export const FINDINGS_PAGE = 'docs/findings.md';

const INTRO = `<!-- Printed from the rules in src/findings by \`npm run docs\`: edit those files, not this one. -->

# Findings

What \`teardown\` finds in a capture, why it happens, and what to do. \`teardown explain RULE\` prints the same on a terminal.`;

/** The whole page as Markdown. */
export function findingsPage(): string {
  return `${[
    INTRO,
    rulesTable(RULES, ''),
    '## Severity, confidence, thresholds',
    wordsMarkdown(),
    ...grouped(RULES).flatMap(([title, rules]) => [`## ${title}`, ...rules.map((rule) => ruleMarkdown(rule, 3))]),
  ].join('\n\n')}\n`;
}

const TABLE = /(<!-- rules: npm run docs -->\n).*?(\n<!-- end of rules -->)/s;

/** README.md with the table of the rules as they are. @throws Error where its place is not marked */
export function withRulesTable(readme: string): string {
  if (!TABLE.test(readme)) throw new Error('README.md has no place for the table of rules');
  return readme.replace(TABLE, (_, before, after) => before + rulesTable(RULES, FINDINGS_PAGE) + after);
}
