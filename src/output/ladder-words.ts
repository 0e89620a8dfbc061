/** What stands above and below the ladder of a flow, in words. */

import type { SplitWord } from '../decode/split.ts';
import type { Flow, Side } from '../report/types.ts';
import { addressPort, clock, sentence } from '../words.ts';
import {
  beganWords,
  endingReset,
  endpointFacts,
  ignoredResets,
  reuseWords,
  roleWords,
  spanWords,
  story,
} from './flow-words.ts';
import { ORIENTATION } from './meaning.ts';
import { noteWords } from './notes.ts';
import { placeWords } from './place-words.ts';
import { clip, clipMiddle, hang, pad, plain, type Style, widthOf } from './style.ts';

/** The flow and where it is drawn. */
export interface Page {
  flow: Flow;
  style: Style;
  width: number;
  prose: number;
  splitBy: readonly SplitWord[];
}

/** Who, how it ended and who began that, when it began. */
export function headline({ flow, style, width, prose, splitBy }: Page): string[] {
  const who = `${addressPort(flow.client)} → ${addressPort(flow.server)}`;
  const lead = `Flow ${flow.id}  `;
  const first =
    widthOf(lead + who) <= width
      ? [lead + who]
      : [`${lead}${addressPort(flow.client)}`, `  → ${addressPort(flow.server)}`];
  const orientation = ORIENTATION[flow.orientation];
  return [
    ...first.map((line) => style.bold(clip(plain(line), width))),
    ...(splitBy.length === 0 ? [] : hang('  ', `In ${placeWords(flow, splitBy)}.`, prose)),
    ...hang('  ', story(flow), prose),
    ...hang('  ', beganWords(flow), prose, style.dim),
    ...(orientation === null ? [] : hang('  ', orientation, prose, style.dim)),
  ];
}

/** An endpoint's stay in each state, and what its spans don't show. */
export function endpointLines({ flow, style, width, prose }: Page, side: Side): string[] {
  const endpoint = flow.endpoints[side];
  const name = plain(addressPort(flow[side]));
  const role = roleWords(flow, side);
  const lines = [`${style.bold(clipMiddle(`${sentence(side)} ${name}`, width - widthOf(role) - 2))}  ${role}`];
  // CLOSED at the end has no duration.
  const spans = endpoint.states.filter(({ state, seconds }, index) => !(state === 'CLOSED' && index > 0 && !seconds));
  const facts = endpointFacts(flow, side).flatMap((text) => hang('  ', text, prose));
  if (spans.length === 0) return [...lines, '  Its states are not known from these packets.', ...facts];
  const cells = spans.map((span) => ({ state: span.state, from: span.from, ...spanWords(span) }));
  const room = cells.reduce((most, { seconds }) => Math.max(most, widthOf(seconds)), 0);
  cells.forEach(({ state, from, seconds, how, frames }) => {
    const lead = `  ${clock(from, 6)}  ${style.state[state](pad(state, 12))}  ${pad(seconds, room, 'right')}  `;
    lines.push(...hang(lead, [how, frames].filter((each) => each !== '').join(', '), width));
  });
  return [...lines, ...facts];
}

/** The RST that ended it, and those that did not. */
export function resetLines({ flow, style, prose }: Page): string[] {
  if (flow.reset === null) return [];
  const [ending, ignored] = [endingReset(flow.reset), ignoredResets(flow.reset)];
  return [
    ...(ending === null ? [] : hang(`${style.alarm('RST')}  `, ending, prose)),
    ...(ignored === null ? [] : hang('     ', ignored, prose)),
  ];
}

/** The oddities in words. */
export function noteLines({ flow, style, prose }: Page): string[] {
  const { reuse } = flow;
  const notes = flow.notes.map(noteWords);
  if (reuse !== null) {
    notes.push(reuseWords(reuse).join(`flow ${reuse.previous}`));
  }
  return notes.flatMap((note) => hang(`${style.bold('Note')}  `, note, prose));
}

/** The display filter that shows the flow in Wireshark. */
export function filterLines({ flow, style, width }: Page): string[] {
  return flow.wiresharkFilter === null ? [] : hang(`${style.bold('Wireshark')}  `, flow.wiresharkFilter, width);
}
