/** The terminal of `teardown live`: draws the screen, hands over keys, and leaves the terminal as it found it. */

import { press } from '../output/screen/press.ts';
import { screenLines } from '../output/screen/screen.ts';
import {
  type Action,
  FIRST_STATE,
  type Key,
  ladderFailed,
  ladderRead,
  type ScreenState,
  type Size,
} from '../output/screen/state.ts';
import { widthOf } from '../output/style.ts';
import type { LiveView } from '../watch/view.ts';
import { KeyDecoder } from './keys.ts';

export interface LiveScreenOptions {
  input: NodeJS.ReadStream;
  output: NodeJS.WriteStream;
  color: boolean;
  /** q was pressed, or the terminal is gone */
  onQuit(): void;
  /** one flow's segments as lines, colours in them, made for a width; what it throws is shown */
  ladder(id: number, width: number): Promise<string[]>;
}

/** Whether a screen can be drawn there. */
export function canDraw(input: NodeJS.ReadStream, output: NodeJS.WriteStream): boolean {
  const { TERM = 'dumb' } = process.env;
  return input.isTTY === true && output.isTTY === true && TERM !== 'dumb' && TERM !== '';
}

// Another buffer, no cursor, no wrapping at the right edge; and back.
const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J';
const LEAVE = '\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l';
/** ms: what of a sequence has not come by then is no sequence, over a slow line too */
const ESCAPE_MS = 60;
/** ms in which a stop by Ctrl-Z has begun; where it has not, nobody can wake us */
const STOP_MS = 200;
const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * From start() to stop() the terminal is its own. It is given back on every way out: stop(), the process' end, by
 * an exception that nobody catches too (before Node prints it), and signals that nobody else takes. Ctrl-C becomes SIGINT, as
 * from a terminal that nobody has set to raw.
 */
export class LiveScreen {
  private readonly options: LiveScreenOptions;
  private state: ScreenState = FIRST_STATE;
  private view: LiveView | null = null;
  /** on the terminal; null: not known */
  private drawn: readonly string[] | null = null;
  private started = false;
  /** the terminal is ours now: not while we are stopped by Ctrl-Z */
  private holds = false;
  private readonly decoder = new KeyDecoder();
  private escapeTimer: NodeJS.Timeout | null = null;
  private stopTimer: NodeJS.Timeout | null = null;
  /** it was told once */
  private quits = false;
  /** of the ladder that is shown */
  private ladderWidth = 0;

  constructor(options: LiveScreenOptions) {
    this.options = options;
  }

  /** Takes the terminal; does nothing where canDraw() is false. */
  start(): void {
    const { input, output } = this.options;
    if (this.started || !canDraw(input, output)) return;
    this.started = true;
    input.on('data', this.onData);
    input.on('end', this.quit);
    input.on('error', this.quit);
    output.on('error', this.quit);
    output.on('resize', this.onResize);
    process.on('exit', this.restore);
    process.on('SIGTSTP', this.suspend);
    process.on('SIGCONT', this.resume);
    for (const signal of ENDING) process.on(signal, this.onEnding);
    this.take();
    this.draw();
  }

  /** Shows the newest; while paused the screen stands still. */
  show(view: LiveView): void {
    this.view = view;
    this.draw();
  }

  /** Gives the terminal back for good. */
  stop(): void {
    if (!this.started) return;
    this.restore();
    this.started = false;
    const { input, output } = this.options;
    if (this.escapeTimer !== null) clearTimeout(this.escapeTimer);
    if (this.stopTimer !== null) clearTimeout(this.stopTimer);
    input.off('data', this.onData);
    input.off('end', this.quit);
    input.off('error', this.quit);
    output.off('resize', this.onResize);
    process.off('exit', this.restore);
    process.off('SIGTSTP', this.suspend);
    process.off('SIGCONT', this.resume);
    for (const signal of ENDING) process.off(signal, this.onEnding);
    // An error of the last write is told later: that must not end the process.
    setImmediate(() => output.off('error', this.quit));
  }

  private take(): void {
    const { input, output } = this.options;
    input.setRawMode(true);
    input.resume();
    output.write(ENTER);
    this.holds = true;
    this.drawn = null;
  }

  private readonly restore = (): void => {
    if (!this.holds) return;
    this.holds = false;
    const { input, output } = this.options;
    // A terminal that is gone takes neither: then there is nothing to give back.
    try {
      output.write(LEAVE);
      input.setRawMode(false);
    } catch {}
    input.pause();
  };

  private size(): Size {
    const { columns, rows } = this.options.output;
    return { columns: columns > 0 ? columns : 80, rows: rows > 0 ? rows : 24 };
  }

  private draw(): void {
    if (!this.holds || this.view === null) return;
    const size = this.size();
    const lines = screenLines(this.view, this.state, size, { color: this.options.color });
    const before = this.drawn;
    let text = before === null ? '\x1b[2J' : '';
    for (const [index, line] of lines.entries()) {
      if (line === (before?.[index] ?? '')) continue;
      // At the right edge the cursor stands on the last column: what is cleared from there would be that.
      text += `\x1b[${index + 1};1H${line}${widthOf(line) < size.columns ? '\x1b[K' : ''}`;
    }
    this.drawn = lines;
    if (text !== '') this.options.output.write(text);
  }

  private readonly onResize = (): void => {
    // What a terminal leaves of its lines when it changes its size is not known.
    this.drawn = null;
    const { pager } = this.state;
    const { columns } = this.size();
    if (pager?.text.of === 'flow' && columns !== this.ladderWidth) this.readLadder(pager.text.id);
    this.draw();
  };

  private readonly quit = (): void => {
    if (this.quits) return;
    this.quits = true;
    this.options.onQuit();
  };

  private readonly onData = (data: Buffer | string): void => {
    if (this.escapeTimer !== null) clearTimeout(this.escapeTimer);
    this.escapeTimer = null;
    this.press(this.decoder.feed(typeof data === 'string' ? Buffer.from(data) : data));
    if (this.decoder.waits) this.escapeTimer = setTimeout(() => this.press(this.decoder.flush()), ESCAPE_MS);
  };

  private press(keys: readonly Key[]): void {
    for (const key of keys) {
      // Before there is anything to show, q and Ctrl-C work already.
      const step = this.view === null ? null : press(this.state, key, this.view, this.size());
      this.state = step?.state ?? this.state;
      this.act(step?.action ?? withoutView(key));
    }
    this.draw();
  }

  private act(action: Action): void {
    if (action.do === 'quit') this.quit();
    else if (action.do === 'interrupt') process.kill(process.pid, 'SIGINT');
    else if (action.do === 'suspend') this.suspend();
    else if (action.do === 'redraw') this.drawn = null;
    else if (action.do === 'open') this.readLadder(action.id);
  }

  private readLadder(id: number): void {
    const width = this.size().columns;
    this.ladderWidth = width;
    // Only of the newest request: the window may have changed since.
    const answer = (next: (state: ScreenState) => ScreenState): void => {
      if (width !== this.ladderWidth) return;
      this.state = next(this.state);
      this.draw();
    };
    this.options.ladder(id, width).then(
      (lines) => answer((state) => ladderRead(state, id, lines)),
      (error: unknown) =>
        answer((state) => ladderFailed(state, id, error instanceof Error ? error.message : String(error))),
    );
  }

  /** As the terminal itself would do for Ctrl-Z: all of our process group stops, and the shell goes on. */
  private readonly suspend = (): void => {
    if (!this.holds || process.platform === 'win32') return;
    this.restore();
    process.off('SIGTSTP', this.suspend);
    process.kill(0, 'SIGTSTP');
    // A group that no shell looks after cannot stop: then nobody sends SIGCONT.
    this.stopTimer = setTimeout(this.resume, STOP_MS);
  };

  private readonly resume = (): void => {
    if (!this.started) return;
    if (this.stopTimer !== null) clearTimeout(this.stopTimer);
    this.stopTimer = null;
    process.off('SIGTSTP', this.suspend);
    process.on('SIGTSTP', this.suspend);
    // After a SIGSTOP too the shell may have set the terminal as it wants it.
    this.take();
    this.onResize();
  };

  /** With a listener a signal no longer ends the process: where there is no other, we do what it would have done. */
  private readonly onEnding = (signal: NodeJS.Signals): void => {
    if (process.listenerCount(signal) > 1) return;
    this.stop();
    process.kill(process.pid, signal);
  };
}

function withoutView(key: Key): Action {
  if (key.name === 'interrupt' || key.name === 'suspend' || key.name === 'redraw') return { do: key.name };
  return { do: key.name === 'text' && key.text === 'q' ? 'quit' : 'none' };
}
