/** The live screen behind a real pseudo-terminal, started by a shell that stops and wakes it (terminal.py). */

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { screenLines } from '../../src/output/screen/screen.ts';
import { FIRST_STATE } from '../../src/output/screen/state.ts';
import { exampleView } from '../output/screen/example.ts';
import { itTool } from '../support/shared.ts';
import { VirtualTerminal } from './virtual-terminal.ts';

type Step = ['wait' | 'send' | 'signal', string] | ['size', number, number] | ['sleep', number] | ['mark' | 'alone'];

interface Seen {
  /** what came up to each mark */
  pieces: string[];
  all: string;
}

const READY: Step = ['wait', '? help'];
let folder: string;
let program: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'teardown-screen-'));
  program = join(folder, 'screen-program.mjs');
  const bundle = await rolldown({ input: resolve(import.meta.dirname, 'screen-program.ts'), platform: 'node' });
  await bundle.write({ file: program, format: 'esm' });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Plays the steps, and waits for the program's end. */
async function play(
  how: string,
  steps: Step[],
  { columns = 80, rows = 24, term = 'xterm-256color' } = {},
): Promise<Seen> {
  const { stdout } = await promisify(execFile)(
    'python3',
    [
      resolve(import.meta.dirname, 'terminal.py'),
      String(columns),
      String(rows),
      JSON.stringify(steps),
      process.execPath,
      program,
      how,
    ],
    { env: { PATH: process.env['PATH'] ?? '', TERM: term }, maxBuffer: 1 << 24 },
  );
  const { problem, pieces } = JSON.parse(stdout) as { problem: string | null; pieces: string[] };
  const all = pieces.join('');
  expect(problem, all).toBeNull();
  return { pieces, all };
}

const expected = (columns: number, rows: number): string =>
  screenLines(exampleView(), FIRST_STATE, { columns, rows }, { color: false })
    .map((line) => line.trimEnd())
    .join('\n')
    .trimEnd();

/** After everything the terminal is as it was before. */
function expectRestored({ all }: Seen, ended: string): void {
  const terminal = new VirtualTerminal().write(all);
  expect(terminal).toMatchObject({ alternate: false, cursorShown: true, wraps: true });
  expect(all).toContain(`[ended ${ended} cooked]`);
}

describe('the screen on a terminal', () => {
  itTool('is drawn, and q gives the terminal back before the summary', 'python3', async () => {
    const seen = await play('plain', [READY, ['mark'], ['send', 'q']]);
    const terminal = new VirtualTerminal().write(seen.pieces[0]!.replace(/^\[program \d+\]\r\n/, ''));
    expect(terminal.shown).toBe(expected(80, 24));
    expect(terminal).toMatchObject({ alternate: true, cursorShown: false, wraps: false });
    expectRestored(seen, '0');
    expect(seen.all.indexOf('summary after quit')).toBeGreaterThan(seen.all.indexOf('\x1b[?1049l'));
  });

  itTool('draws what has changed, and nothing else', 'python3', async () => {
    const seen = await play('ticks', [READY, ['mark'], ['wait', '12:12:55 UTC'], ['mark'], ['send', 'q']]);
    const rows = new Set(Array.from(seen.pieces[1]!.matchAll(/\x1b\[(\d+);1H/g), ([, row]) => Number(row)));
    // The clock and what counts up or down.
    expect(rows.has(1)).toBe(true);
    for (const row of [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 24]) expect(rows.has(row)).toBe(false);
    expect(seen.pieces[1]).not.toContain('\x1b[2J');
  });

  itTool('draws nothing while nothing changes', 'python3', async () => {
    const seen = await play('plain', [READY, ['mark'], ['sleep', 0.5], ['mark'], ['send', 'q']]);
    expect(seen.pieces[1]).toBe('');
  });

  itTool('follows the window', 'python3', async () => {
    const seen = await play('plain', [
      READY,
      ['mark'],
      ['size', 120, 40],
      READY,
      ['mark'],
      ['size', 44, 11],
      ['wait', 'q quit'],
      ['mark'],
      ['send', 'q'],
    ]);
    expect(new VirtualTerminal().write(seen.pieces[1]!).shown).toBe(expected(120, 40));
    expect(new VirtualTerminal().write(seen.pieces[2]!).shown).toBe(expected(44, 11));
    expectRestored(seen, '0');
  });

  itTool('opens a ladder made for its window, and comes back by a lone Esc', 'python3', async () => {
    const seen = await play('plain', [
      READY,
      ['send', '\x1b[Z\r'],
      ['wait', 'line 22 of #40 in 80 columns'],
      ['mark'],
      ['size', 100, 20],
      ['wait', 'line 18 of #40 in 100 columns'],
      ['mark'],
      ['send', '\x1b'],
      READY,
      ['send', 'q'],
    ]);
    expectRestored(seen, '0');
  });

  itTool('says why a ladder cannot be shown', 'python3', async () => {
    const seen = await play('lost', [
      READY,
      ['send', '\t\t\r'],
      ['wait', "can't be shown: the packets of #17 are gone"],
      ['send', 'qq'],
    ]);
    expectRestored(seen, '0');
  });
});

describe('the terminal is given back', () => {
  itTool('when Ctrl-C ends the process', 'python3', async () => {
    expectRestored(await play('plain', [READY, ['send', '\x03']]), '-2');
  });

  itTool('when a program that takes Ctrl-C ends well', 'python3', async () => {
    const seen = await play('handles-int', [READY, ['send', '\x03']]);
    expectRestored(seen, '0');
    expect(seen.all).toContain('summary after SIGINT');
  });

  for (const [name, number] of [
    ['SIGTERM', 15],
    ['SIGHUP', 1],
  ] as const) {
    itTool(`when ${name} ends the process`, 'python3', async () => {
      expectRestored(await play('plain', [READY, ['signal', name]]), `-${number}`);
    });
  }

  itTool('when the process exits', 'python3', async () => {
    expectRestored(await play('exit', [READY]), '7');
  });

  itTool('when it crashes, before the error is printed', 'python3', async () => {
    const seen = await play('crash', [READY]);
    expectRestored(seen, '1');
    expect(seen.all.indexOf('something that nobody expected')).toBeGreaterThan(seen.all.indexOf('\x1b[?1049l'));
  });

  for (const [name, stop] of [
    ['Ctrl-Z', ['send', '\x1a']],
    ['SIGTSTP', ['signal', 'SIGTSTP']],
  ] as [string, Step][]) {
    itTool(`to the shell by ${name}, and taken again, twice`, 'python3', async () => {
      const once: Step[] = [['mark'], stop, ['wait', '[stopped cooked]'], ['mark'], READY];
      const seen = await play('plain', [READY, ...once, ...once, ['mark'], ['send', 'q']]);
      for (const piece of [seen.pieces[1]!, seen.pieces[3]!]) {
        expect(new VirtualTerminal().write(piece)).toMatchObject({ alternate: false, cursorShown: true });
      }
      expect(new VirtualTerminal().write(seen.pieces[4]!).shown).toBe(expected(80, 24));
      expectRestored(seen, '0');
    });
  }

  itTool('and taken again where Ctrl-Z can stop nothing', 'python3', async () => {
    const seen = await play('plain', [['alone'], READY, ['mark'], ['send', '\x1a'], READY, ['mark'], ['send', 'q']]);
    expect(seen.pieces[1]).toContain('\x1b[?1049l');
    expect(new VirtualTerminal().write(seen.pieces[1]!)).toMatchObject({ alternate: true, cursorShown: false });
    expect(seen.all).not.toContain('[stopped');
    expectRestored(seen, '0');
  });

  itTool('and drawn anew after a SIGSTOP', 'python3', async () => {
    const seen = await play('plain', [
      READY,
      ['mark'],
      ['signal', 'SIGSTOP'],
      ['wait', '[stopped raw]'],
      ['mark'],
      READY,
      ['mark'],
      ['send', 'q'],
    ]);
    expect(new VirtualTerminal().write(seen.pieces[2]!).shown).toBe(expected(80, 24));
    expectRestored(seen, '0');
  });
});

itTool('a terminal that can do nothing is left alone', 'python3', async () => {
  const seen = await play(
    'handles-int',
    [
      ['wait', 'no screen'],
      ['send', '\x03'],
    ],
    { term: 'dumb' },
  );
  expect(seen.all).not.toContain('\x1b');
  expect(seen.all).toContain('summary after SIGINT');
});
