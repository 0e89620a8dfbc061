/** Text for a screen: cells of fixed width, painted lines cut to a width, numbers and times that keep their place. */

import { formatTime } from '../../units.ts';
import { clock, count, duration } from '../../words.ts';
import { clip, clipMiddle, type Paint, pad, plain, type Style, styleOf, widthOf } from '../style.ts';

export interface ScreenStyle extends Style {
  color: boolean;
  /** the row that is chosen */
  chosen: Paint;
}

export function screenStyle(color: boolean): ScreenStyle {
  const chosen: Paint = (text) => (color ? `\x1b[7m${text}\x1b[0m` : text);
  return { ...styleOf(color), color, chosen };
}

/** A name of any origin in exactly `width` columns, cut in the middle. */
export function cell(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  return pad(clipMiddle(plain(text), width), width, align);
}

/** Words of ours in exactly `width` columns, cut at the end. */
export function words(text: string, width: number): string {
  return pad(clip(plain(text), width), width);
}

const SUFFIXES = ['k', 'M', 'G', 'T', 'P'] as const;

/** A number in at most `width` columns: "12,345", "12.3k", "1.2M"; ">" where even that has no room. */
export function amount(value: number, width: number): string {
  const whole = Number.isFinite(value) ? count(Math.round(value)) : '?';
  if (whole.length <= width) return whole;
  for (const [index, suffix] of SUFFIXES.entries()) {
    const scaled = value / 1000 ** (index + 1);
    if (scaled >= 1000) continue;
    // Cut and not rounded: 999,960 is no 1,000k.
    const short = `${(Math.floor(scaled * 10) / 10).toFixed(1).replace(/\.0$/, '')}${suffix}`;
    const shorter = `${Math.floor(scaled)}${suffix}`;
    return [short, shorter].find((each) => each.length <= width) ?? '>'.slice(0, width);
  }
  return '>'.slice(0, width);
}

/** What has passed in whole seconds, so that it changes once a second: "5 s", "2 min 3 s". @param ms negative is 0 */
export function age(ms: number): string {
  return duration(Math.max(0, Math.floor(ms / 1000)));
}

/** What is left in whole seconds: "59 s"; "now" when nothing is. */
export function left(ms: number): string {
  return ms <= 0 ? 'now' : duration(Math.ceil(ms / 1000));
}

/** Time of day in UTC. @param ms since 1970 */
export function timeOfDay(ms: number): string {
  return Number.isFinite(ms) ? clock(formatTime(Math.floor(ms / 1000), 0), 0) : '?';
}

const SGR_OR_TEXT = /\x1b\[[0-9;]*m|[^\x1b]+|\x1b/g;

/** A painted line from column `from` on, in at most `width` columns; all but colours is made harmless. */
export function cutPainted(line: string, width: number, from = 0): string {
  // The ordinary case: a line of ours that fits.
  if (from === 0 && widthOf(line) <= width && isHarmless(line)) return line;
  let at = 0;
  let kept = '';
  let painted = false;
  for (const [part] of line.matchAll(SGR_OR_TEXT)) {
    if (part.startsWith('\x1b[')) {
      kept += part;
      painted = part !== '\x1b[0m';
      continue;
    }
    for (const char of plain(part)) {
      const next = at + widthOf(char);
      if (next > from + width) return painted ? `${kept}\x1b[0m` : kept;
      // Half of a wide character is no character.
      if (at >= from) kept += char;
      else if (next > from) kept += ' ';
      at = next;
    }
  }
  return painted ? `${kept}\x1b[0m` : kept;
}

function isHarmless(line: string): boolean {
  const text = line.replace(/\x1b\[[0-9;]*m/g, '');
  return plain(text) === text;
}

/** A part of a line that is laid out by spread(). */
export interface Part {
  text: string;
  paint?: Paint;
  /** where there is no room the lowest goes first */
  keep: number;
}

/** Parts with two spaces between them, and one at the right edge; what has no room is left out. At most `width` columns. */
export function spread(parts: readonly Part[], right: Part | null, width: number): string {
  const all = right === null ? [...parts] : [...parts, right];
  const room = (): number => all.reduce((sum, { text }) => sum + widthOf(text), 2 * Math.max(0, all.length - 1));
  while (all.length > 1 && room() > width) {
    const least = all.reduce((lowest, part) => (part.keep < lowest.keep ? part : lowest));
    all.splice(all.indexOf(least), 1);
  }
  const drawn = all.map(({ text, paint }) => {
    const clipped = clipMiddle(text, width);
    return paint === undefined ? clipped : paint(clipped);
  });
  if (right === null || !all.includes(right) || all.length === 1) return drawn.join('  ');
  return drawn.slice(0, -1).join('  ') + ' '.repeat(2 + width - room()) + drawn.at(-1);
}
