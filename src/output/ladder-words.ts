/** What stands above and below the ladder of a flow, in words. */

import type { SplitWord } from '../decode/split.ts';
import type { Endpoint, Flow, Side, Span } from '../report/types.ts';
import { addressPort, clock, count, duration, moment, plural, sentence } from '../words.ts';
import { BASIS, certaintyOf, KIND, markedDuration, ORIENTATION, ROLE, SHAPE_PHRASE } from './meaning.ts';
import { noteWords } from './notes.ts';
import { placeWords } from './place-words.ts';
import { isForeign, resetPhrase } from './reset-words.ts';
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
  const began = `${flow.firstPacket.slice(0, 10)} ${clock(flow.firstPacket, 6)} UTC`;
  const orientation = ORIENTATION[flow.orientation];
  const sent = `${plural(flow.bytes.client, 'byte')} from the client, ${count(flow.bytes.server)} from the server`;
  return [
    ...first.map((line) => style.bold(clip(plain(line), width))),
    ...(splitBy.length === 0 ? [] : hang('  ', `In ${placeWords(flow, splitBy)}.`, prose)),
    ...hang('  ', story(flow), prose),
    ...hang('  ', `Began at ${began}; ${sent}.`, prose, style.dim),
    ...(orientation === null ? [] : hang('  ', orientation, prose, style.dim)),
  ];
}

/** How it ended and who began that, in a sentence or two. */
function story(flow: Flow): string {
  const { initiator, kind, closeShape, closedAt } = flow;
  const shape = kind === 'graceful' ? SHAPE_PHRASE[closeShape] : null;
  const how = sentence(KIND[kind]) + (shape === null ? '' : `, ${shape}`);
  const when = closedAt === null ? '' : ` Ended at ${clock(closedAt, 6)}.`;
  if (initiator === null || kind === 'refused') return `${how}.${when}`;
  if (initiator === 'both') return `${how}.${when}`;
  const abort = kind === 'aborted';
  if (abort && isForeign(flow.reset)) return `${how}, which a device on the way probably made.${when}`;
  if (initiator === 'unknown') return `${how}. Which side ${abort ? 'did' : 'closed first'} can't be told.${when}`;
  return `${how}. The ${initiator} ${abort ? 'sent the RST' : 'closed first'}.${when}`;
}

function frameWords([first, last]: Span['frames']): string {
  if (first === null) return last === null ? '' : `to frame ${last}`;
  if (last === null) return `from frame ${first}`;
  return first === last ? `frame ${first}` : `frames ${first} to ${last}`;
}

function spanCells(span: Span): [string, string, string, string] {
  const error = span.plusMinus === null || span.plusMinus === 0 ? '' : ` ±${duration(span.plusMinus)}`;
  const how = span.open ? 'open when the capture ended' : BASIS[span.basis];
  return [span.state, markedDuration(span.seconds, certaintyOf(span)) + error, how, frameWords(span.frames)];
}

/** An endpoint's stay in each state, and what its spans don't show. */
export function endpointLines({ flow, style, width, prose }: Page, side: Side): string[] {
  const endpoint = flow.endpoints[side];
  const name = plain(addressPort(flow[side]));
  const foreign = endpoint.role === 'aborter' && isForeign(flow.reset);
  const role = foreign ? 'the RST came in its name' : ROLE[endpoint.role];
  const lines = [`${style.bold(clipMiddle(`${sentence(side)} ${name}`, width - widthOf(role) - 2))}  ${role}`];
  // CLOSED at the end has no duration.
  const spans = endpoint.states.filter(({ state, seconds }, index) => !(state === 'CLOSED' && index > 0 && !seconds));
  if (spans.length === 0) return [...lines, '  Its states are not known from these packets.'];
  const cells = spans.map(spanCells);
  const room = cells.reduce((most, [, seconds]) => Math.max(most, widthOf(seconds)), 0);
  spans.forEach(({ state, from }, index) => {
    const [, seconds, how, frames] = cells[index] ?? ['', '', '', ''];
    const lead = `  ${clock(from, 6)}  ${style.state[state](pad(state, 12))}  ${pad(seconds, room, 'right')}  `;
    lines.push(...hang(lead, [how, frames].filter((each) => each !== '').join(', '), width));
  });
  return [...lines, ...facts(flow, endpoint).flatMap((text) => hang('  ', text, prose))];
}

const ENDED_BY = {
  timer: null,
  reuse: 'A new connection on the same addresses and ports ended it early.',
  rst: 'An RST ended it early.',
  'capture-end': 'It was still running when the capture ended.',
} as const;

/** What an endpoint's spans don't show. */
function facts(flow: Flow, { timeWait, finRetransmissions, halfCloseBytes }: Endpoint): string[] {
  const said: string[] = [];
  if (timeWait !== null) {
    const [until, latest] = [timeWait.until, timeWait.untilLatest].map((each) => moment(each, flow.firstPacket, 3));
    const how = timeWait.basis === 'observed' ? '' : ` (${BASIS[timeWait.basis]})`;
    const restarts =
      timeWait.restarts === 0
        ? ''
        : ` It was restarted ${timeWait.restarts === 1 ? 'once' : `${count(timeWait.restarts)} times`}.`;
    const ended = ENDED_BY[timeWait.endedBy];
    const early = timeWait.endedBy === 'reuse' || timeWait.endedBy === 'rst';
    said.push(
      `TIME_WAIT ${early ? 'would have lasted' : 'lasts'} until ${until}, at the latest until ${latest}${how}.${restarts}${ended === null ? '' : ` ${ended}`}`,
    );
  }
  if (finRetransmissions > 0) said.push(`It sent its FIN ${count(finRetransmissions + 1)} times.`);
  if (halfCloseBytes > 0) said.push(`It received ${plural(halfCloseBytes, 'byte')} after its own FIN.`);
  return said;
}

/** The RST that ended it, and those that did not. */
export function resetLines({ flow, style, prose }: Page): string[] {
  const { reset } = flow;
  if (reset === null) return [];
  const lines: string[] = [];
  if (reset.frame !== null) {
    const at = reset.at === null ? '' : ` at ${clock(reset.at, 6)}`;
    const why = reset.why === null ? '' : ` Why: ${reset.why}.`;
    const words = `${resetPhrase(reset).slice(4)}; frame ${reset.frame}${at}.${why}`;
    lines.push(...hang(`${style.alarm('RST')}  `, words, prose));
  }
  if (reset.ignored > 0) {
    const reason =
      reset.frame === null
        ? 'sent with a sequence number that did not fit'
        : 'sent after the end, or with a sequence number that did not fit';
    lines.push(
      ...hang(
        '     ',
        `${plural(reset.ignored, reset.frame === null ? 'RST' : 'other RST')} ended nothing: ${reason}.`,
        prose,
      ),
    );
  }
  return lines;
}

/** The oddities in words. */
export function noteLines({ flow, style, prose }: Page): string[] {
  const { reuse } = flow;
  const notes = flow.notes.map(noteWords);
  if (reuse !== null) {
    const when = `${duration(reuse.gapSeconds)} after its last packet${reuse.inTimeWait ? ', while it was in TIME_WAIT' : ''}`;
    notes.push(`reuses the addresses and ports of flow ${reuse.previous}, ${when}: the SYN was ${reuse.outcome}`);
  }
  return notes.flatMap((note) => hang(`${style.bold('Note')}  `, note, prose));
}

/** The display filter that shows the flow in Wireshark. */
export function filterLines({ flow, style, width }: Page): string[] {
  return flow.wiresharkFilter === null ? [] : hang(`${style.bold('Wireshark')}  `, flow.wiresharkFilter, width);
}
