/** A scenario file: a title, prose, a block `script` and a block `expect`. Grammar: fixtures/scenarios/README.md. */
import { type Expectation, parseExpectation } from './expectation.ts';
import { type Line, parseScript, ScenarioError, type Script } from './script.ts';

export interface Scenario {
  title: string;
  prose: string;
  script: Script;
  expectation: Expectation;
}

/** @throws ScenarioError with the line where the file can't be understood */
export function parseScenario(text: string): Scenario {
  let title = '';
  const prose: string[] = [];
  const blocks = new Map<string, Line[]>();
  let open: Line[] | null = null;
  for (const [index, raw] of text.split('\n').entries()) {
    const at = index + 1;
    if (open) {
      if (raw.startsWith('```')) open = null;
      else {
        const stripped = raw.replace(/(^|\s)#.*$/, '').trim();
        if (stripped !== '') open.push({ number: at, text: stripped });
      }
    } else if (raw.startsWith('```')) {
      const name = raw.slice(3).trim();
      if ((name !== 'script' && name !== 'expect') || blocks.has(name)) {
        throw new ScenarioError(at, `one block 'script' and one block 'expect' are wanted, not '${name}'`);
      }
      open = [];
      blocks.set(name, open);
    } else if (raw.startsWith('# ')) title ||= raw.slice(2).trim();
    else if (raw.trim() !== '') prose.push(raw.trim());
  }
  const script = blocks.get('script');
  const expect = blocks.get('expect');
  if (open || !script || !expect) throw new ScenarioError(1, `a block 'script' or 'expect' is missing or not closed`);
  if (title === '' || prose.length === 0) throw new ScenarioError(1, 'a title and some prose are wanted');
  return { title, prose: prose.join(' '), script: parseScript(script), expectation: parseExpectation(expect) };
}
