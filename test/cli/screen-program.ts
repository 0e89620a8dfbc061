/** A program that shows the example's view on its terminal: screen.test.ts runs it behind a pseudo-terminal. */

import { canDraw, LiveScreen } from '../../src/cli/screen.ts';
import { exampleView, NOW } from '../output/screen/example.ts';

const [how = 'plain'] = process.argv.slice(2);
let seconds = 0;
const screen = new LiveScreen({
  input: process.stdin,
  output: process.stdout,
  color: how === 'color',
  onQuit: () => end('quit'),
  ladder: async (id, width) => {
    if (how === 'lost') throw new Error(`the packets of #${id} are gone`);
    return Array.from({ length: 60 }, (_, line) => `line ${line + 1} of #${id} in ${width} columns`);
  },
});

function end(why: string): void {
  clearInterval(ticking);
  screen.stop();
  process.stdout.write(`summary after ${why}\n`);
}

const show = (): void => screen.show(exampleView({ now: NOW + seconds * 1000 }));
screen.start();
show();
const ticking = setInterval(() => {
  if (how === 'ticks') seconds++;
  show();
}, 100);
if (how === 'handles-int') process.once('SIGINT', () => end('SIGINT'));
if (how === 'crash') {
  setTimeout(() => {
    throw new Error('something that nobody expected');
  }, 300);
}
if (how === 'exit') setTimeout(() => process.exit(7), 300);
if (!canDraw(process.stdin, process.stdout)) process.stdout.write('no screen\n');
