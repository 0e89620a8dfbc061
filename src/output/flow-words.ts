/** What is told of one flow, in words: for terminals and for pages. */

import type { Flow, Holder, KernelSpan, Reset, Reuse, Side, Span } from '../report/types.ts';
import { clock, count, duration, list, moment, plural, sentence } from '../words.ts';
import { BASIS, certaintyOf, KIND, markedDuration, ROLE, SHAPE_PHRASE } from './meaning.ts';
import { isForeign, resetPhrase } from './reset-words.ts';
import { plain } from './style.ts';

/** How it ended and who began that, in a sentence or two. */
export function story(flow: Flow): string {
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

/** When it began and how much it carried, a sentence. */
export function beganWords({ firstPacket, bytes }: Flow): string {
  const began = `${firstPacket.slice(0, 10)} ${clock(firstPacket, 6)} UTC`;
  return `Began at ${began}; ${plural(bytes.client, 'byte')} from the client, ${count(bytes.server)} from the server.`;
}

/** What an end did in the close; an RST in its name may not be its own. */
export function roleWords(flow: Flow, side: Side): string {
  const { role } = flow.endpoints[side];
  return role === 'aborter' && isForeign(flow.reset) ? 'the RST came in its name' : ROLE[role];
}

function frameWords([first, last]: Span['frames']): string {
  if (first === null) return last === null ? '' : `to frame ${last}`;
  if (last === null) return `from frame ${first}`;
  return first === last ? `frame ${first}` : `frames ${first} to ${last}`;
}

export interface SpanWords {
  /** its duration with its mark and the bound of its error */
  seconds: string;
  /** how it is known */
  how: string;
  /** the frames of its edges; empty where there are none */
  frames: string;
}

export function spanWords(span: Span): SpanWords {
  const error = span.plusMinus === null || span.plusMinus === 0 ? '' : ` ±${duration(span.plusMinus)}`;
  return {
    seconds: markedDuration(span.seconds, certaintyOf(span)) + error,
    how: span.open ? 'open when the capture ended' : BASIS[span.basis],
    frames: frameWords(span.frames),
  };
}

const ENDED_BY = {
  timer: null,
  reuse: 'A new connection on the same addresses and ports ended it early.',
  rst: 'An RST ended it early.',
  'capture-end': 'It was still running when the capture ended.',
} as const;

/** What an endpoint's spans don't show, a sentence or two each. */
export function endpointFacts(flow: Flow, side: Side): string[] {
  const { timeWait, finRetransmissions, halfCloseBytes, kernel } = flow.endpoints[side];
  const said: string[] = [];
  if (timeWait?.endedBy === 'kernel') {
    const [from, to] = [timeWait.until, timeWait.untilLatest].map((each) => moment(each, flow.firstPacket, 3));
    said.push(
      `TIME_WAIT ended between ${from} and ${to}, before its timer (${BASIS.kernel}): no packet shows what ended it. A socket can be killed (ss -K), and connect() can take its port again (tcp_tw_reuse).`,
    );
  } else if (timeWait !== null) {
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
  if (kernel !== null && flow.notes.includes('kernel-differs')) said.push(kernelWords(kernel, flow.firstPacket));
  return [...said, ...holderWords(flow, side)];
}

/** What looks at the kernel's tables found, where packets tell something else. */
function kernelWords(kernel: readonly KernelSpan[], firstPacket: string): string {
  if (kernel.length === 0) return 'By looks at the kernel there was no such socket.';
  const spans = kernel.map(({ state, from, to, until }) => {
    const times =
      from === to
        ? `at ${moment(from, firstPacket)}`
        : `from ${moment(from, firstPacket)} to ${moment(to, firstPacket)}`;
    return `${state} ${times}${until === null ? '' : ` (its timer ends at ${moment(until, firstPacket)})`}`;
  });
  return `By looks at the kernel: ${spans.join(', ')}.`;
}

/** "Held by nginx (pid 812).", "Its port is listened on by nginx (pid 811)." */
function holderWords({ holders }: Flow, side: Side): string[] {
  const named = (socket: Holder['socket']) =>
    (holders ?? [])
      .filter((each) => each.side === side && each.socket === socket)
      .map(({ name, pid }) => `${plain(name)} (pid ${pid})`);
  const [own, listening] = [named('connection'), named('listener')];
  return [
    ...(own.length === 0 ? [] : [`Held by ${list(own)}.`]),
    ...(listening.length === 0 ? [] : [`On its port listens ${list(listening)}.`]),
  ];
}

/** The RST that ended a flow, behind the word RST: "by the server: ...; frame 9 at 12:00:00.123. Why: ..."; null: none did. */
export function endingReset(reset: Reset): string | null {
  if (reset.frame === null) return null;
  const at = reset.at === null ? '' : ` at ${clock(reset.at, 6)}`;
  const why = reset.why === null ? '' : ` Why: ${reset.why}.`;
  return `${resetPhrase(reset).slice(4)}; frame ${reset.frame}${at}.${why}`;
}

/** The RSTs that ended nothing, a sentence; null: there are none. */
export function ignoredResets({ frame, ignored }: Reset): string | null {
  if (ignored === 0) return null;
  const reason =
    frame === null
      ? 'sent with a sequence number that did not fit'
      : 'sent after the end, or with a sequence number that did not fit';
  return `${plural(ignored, frame === null ? 'RST' : 'other RST')} ended nothing: ${reason}.`;
}

/** What a flow did with the addresses and ports of the one before it, cut in two about that one's name. */
export function reuseWords({ gapSeconds, inTimeWait, outcome }: Reuse): [before: string, after: string] {
  const when = `${duration(gapSeconds)} after its last packet${inTimeWait ? ', while it was in TIME_WAIT' : ''}`;
  return ['reuses the addresses and ports of ', `, ${when}: the SYN was ${outcome}`];
}
