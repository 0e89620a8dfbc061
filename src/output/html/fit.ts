/** What of the flows and their segments a page of limited size can carry. */

import type { Flow } from '../../report/types.ts';
import { count, plural } from '../../words.ts';
import { byInterest } from '../groups.ts';
import { encodeFlows } from './data/flows.ts';
import { encodeLadders } from './data/ladders.ts';
import type { HtmlInput, Ladder } from './model.ts';
import { packed } from './pack.ts';

/** What the page's script finds in the page. */
export interface Carried {
  flows: string;
  ladders: string;
  /** connections that are in it */
  listed: number;
  /** what was left out, a sentence each */
  left: string[];
}

/**
 * The flows and their segments, packed. Segments of uninteresting flows are left out first, then such flows.
 * @param drawn flows of which nothing is left out
 * @param room bytes
 * @param size of the page, in words
 * @returns null where what must be in it needs more room
 */
export function carried(
  { report, ladders }: HtmlInput,
  drawn: readonly Flow[],
  room: number,
  size: string,
): Carried | null {
  let flows = packed(encodeFlows(report.flows));
  const segments = shrunk(drawnFirst(ladders.of, drawn), countDrawn(ladders.of, drawn), room - flows.length, (kept) =>
    packed(encodeLadders(new Map(kept))),
  );
  const left: string[] = [];
  const without = ladders.of.size - segments.kept;
  if (without > 0) {
    left.push(`Segments of ${plural(without, 'connection')} were left out to keep this page under ${size}.`);
  }
  let listed = report.flows.length;
  if (flows.length + segments.text.length > room) {
    const { ranked, least } = citedFirst(report, drawn);
    const list = shrunk(ranked, least, room - segments.text.length, (kept) =>
      packed(encodeFlows([...kept].sort((a, b) => a.id - b.id))),
    );
    flows = list.text;
    const gone = listed - list.kept;
    listed = list.kept;
    if (gone > 0) {
      left.push(
        `${plural(gone, 'connection')} that matter less than the other ${count(listed)} were left out of the list to keep this page under ${size}.`,
      );
    }
  }
  return flows.length + segments.text.length > room ? null : { flows, ladders: segments.text, listed, left };
}

/** How often a size is tried that may fit, after all. */
const TRIES = 5;
/** A text that fills so much of its room is good enough. */
const FULL = 0.92;

/**
 * As many of the first as there is room for, or hardly fewer.
 * @param least that are kept, whatever they take
 */
function shrunk<T>(
  ranked: readonly T[],
  least: number,
  room: number,
  pack: (kept: readonly T[]) => string,
): { text: string; kept: number } {
  const all = { kept: ranked.length, text: pack(ranked) };
  if (all.text.length <= room || all.kept <= least) return all;
  let fits = { kept: least, text: pack(ranked.slice(0, least)) };
  let [over, overSize] = [all.kept, all.text.length];
  for (let tries = 0; tries < TRIES && fits.text.length < room * FULL && over - fits.kept > 1; tries++) {
    // Between what fits and what does not, as if all were alike; a little less, so that it fits.
    const share = ((room - fits.text.length) / (overSize - fits.text.length)) * 0.97;
    const kept = fits.kept + Math.max(1, Math.floor((over - fits.kept) * share));
    const text = pack(ranked.slice(0, kept));
    if (text.length <= room) fits = { kept, text };
    else [over, overSize] = [kept, text.length];
  }
  return fits;
}

function countDrawn(ladders: ReadonlyMap<number, Ladder>, drawn: readonly Flow[]): number {
  return drawn.filter(({ id }) => ladders.has(id)).length;
}

function drawnFirst(ladders: ReadonlyMap<number, Ladder>, drawn: readonly Flow[]): [number, Ladder][] {
  const ids = new Set(drawn.map(({ id }) => id));
  const all = [...ladders];
  return [...all.filter(([id]) => ids.has(id)), ...all.filter(([id]) => !ids.has(id))];
}

/** The flows of which none is left out come first: those that are drawn, and those that findings cite. */
function citedFirst(report: HtmlInput['report'], drawn: readonly Flow[]): { ranked: Flow[]; least: number } {
  const ids = new Set([...drawn.map(({ id }) => id), ...report.findings.flatMap(({ flows }) => flows)]);
  const all = byInterest(report);
  const first = all.filter(({ id }) => ids.has(id));
  return { ranked: [...first, ...all.filter(({ id }) => !ids.has(id))], least: first.length };
}
