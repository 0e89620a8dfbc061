import { readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import { FINDINGS_PAGE, findingsPage, withRulesTable } from '../../scripts/findings-page.ts';
import { RULES } from '../../src/findings/findings.ts';
import { RULE_NAMES, type Rule } from '../../src/findings/rule.ts';
import { explainAll, explainRule } from '../../src/output/explain.ts';
import { allMarkdown, ruleMarkdown } from '../../src/output/explain-markdown.ts';
import { RULE_GROUPS, thresholdWords } from '../../src/output/rule-words.ts';
import { hangCode, withoutCodeMarks } from '../../src/output/style.ts';
import { widest } from './golden.ts';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
/** Words alone: lines and colours differ by width. */
const words = (text: string) => withoutCodeMarks(text.replace(/\x1b\[[0-9;]*m/g, '')).replace(/\s+/g, ' ');

const made: Rule = {
  name: 'close-wait-leak',
  title: 'Sockets that nobody closes',
  fires: 'a socket is in CLOSE_WAIT for longer than this',
  rfc: null,
  threshold: { unit: 's', default: 30, min: 0.5, max: 86_400, of: 'time in CLOSE_WAIT' },
  explanation: {
    means: 'It leaks.',
    why: ['One.', 'Two.'],
    doThis: ['Run `ss -tanp | grep x`.'],
    wrongAdvice: [['`a_b` * c', 'No.']],
    unproven: [],
  },
  find: () => [],
};

test('every rule is in one group', () => {
  const names = RULE_GROUPS.flatMap(([, own]) => own);
  expect(names.toSorted()).toEqual([...RULE_NAMES].sort());
});

describe.each(RULES)('$name', (rule) => {
  const { means, why, doThis, wrongAdvice, unproven } = rule.explanation;

  test.each([40, 80, 160])('is told whole, within %i columns', (width) => {
    const text = explainRule(rule, { color: false, width });
    expect(widest(text)).toBeLessThanOrEqual(width);
    // What is wider than the terminal is cut up.
    if (width === 40) return;
    for (const each of [means, ...why, ...doThis, ...wrongAdvice.flat(), ...unproven, rule.rfc ?? '']) {
      expect(words(text)).toContain(words(each));
    }
  });

  test('has backquotes in pairs, and shows none', () => {
    const coloured = explainRule(rule, { color: true, width: 80 });
    expect(coloured).not.toContain('`');
    expect(coloured.replace(/\x1b\[[0-9;]*m/g, '')).toBe(explainRule(rule, { color: false, width: 80 }));
  });

  test('has a heading of its own in Markdown', () => {
    expect(ruleMarkdown(rule).split('\n')[0]).toBe(`## ${rule.name}`);
  });
});

it('lists all rules, within 80 columns', () => {
  const text = explainAll(RULES, { color: false, width: 80 });
  expect(widest(text)).toBeLessThanOrEqual(80);
  for (const { name } of RULES) expect(text).toContain(`\n  ${name} `);
  for (const { name, title } of RULES) expect(words(text)).toContain(` ${name} ${words(title)} `);
  for (const word of ['critical', 'warning', 'info', 'certain', 'likely', 'possible', '--threshold', '--fail-on']) {
    expect(text).toContain(word);
    expect(allMarkdown(RULES)).toContain(word);
  }
});

it('says how the threshold is set, in its own unit', () => {
  expect(thresholdWords(made)).toBe(
    'Threshold: 30 s (time in CLOSE_WAIT). `--threshold close-wait-leak=30s` sets it, from 500 ms to 24 h.',
  );
  const share = { ...made, threshold: { ...made.threshold!, unit: 'share' as const, default: 0.5, min: 0, max: 1 } };
  expect(thresholdWords(share)).toContain('50 % (time in CLOSE_WAIT). `--threshold close-wait-leak=50%` sets it');
  expect(thresholdWords({ ...made, threshold: null })).toBe('It has no threshold.');
});

it('leaves out sections that a rule has nothing for, and the number of an only step', () => {
  const text = explainRule(made, { color: false, width: 80 });
  expect(text).not.toMatch(/SOURCES|CAN'T PROVE|1\. /);
  expect(text).toContain('  One.\n\n  Two.\n');
  expect(ruleMarkdown(made)).toContain('- *`a_b` \\* c* No.');
});

it('paints code, also where a line ends within it', () => {
  const bold = (text: string) => `<${text}>`;
  expect(hangCode('  ', 'run `ss -tan` (`a`b)', 12, bold)).toEqual(['  run <ss>', '  <-tan> (<a>b)']);
  expect(hangCode('', 'a ` b', 20, bold)).toEqual(['a ` b']);
});

test(`${FINDINGS_PAGE} is what the rules say (npm run docs)`, () => {
  expect(read(FINDINGS_PAGE)).toBe(findingsPage());
});

test("README.md has the rules' table (npm run docs)", () => {
  const readme = read('README.md');
  expect(readme).toBe(withRulesTable(readme));
  expect(() => withRulesTable('no place')).toThrow(/no place/);
});

test('every rule has its anchor in the page, once', () => {
  const headings = findingsPage().match(/^#+ .*/gm) ?? [];
  for (const { name } of RULES) expect(headings.filter((line) => line === `### ${name}`)).toHaveLength(1);
});
