/** An end's states by its packets, and what the kernel knew that packets can't tell. */

import type { Endpoint, KernelSpan, Span, TcpState, TimeWait } from '../report/types.ts';
import { secondsBetween } from '../words.ts';
import { isApart, sawWithin, timesOf, WAITS_MS } from './witness-compare.ts';
import type { Life, Stay } from './witness-lives.ts';
import { type Look, middleOf, msOf, timeText } from './witness-times.ts';

export interface Told {
  endpoint: Endpoint;
  /** packets and kernel tell different things: both are there */
  differs: boolean;
}

export interface Circumstances {
  isMidstream: boolean;
  /** without pure ACKs in the capture FIN_WAIT_2 can't be told from FIN_WAIT_1 */
  lacksAcks: boolean;
  /** how late after its timer the kernel ends TIME_WAIT, at most, ms */
  latenessMs: number;
  /** the newest, in time order */
  looks: readonly Look[];
  /** the capture's last packet; null: not known here, then what is open is told as far as the last look */
  lastPacket: string | null;
}

/** A timer that ends so much before it should, ms, was not what ended it. */
const EARLY_MS = 100;

/**
 * What packets tell of an end of this machine, with what its kernel knew.
 *
 * Edges that are captured segments stay what they are: more exact than looks, which are about a second apart. A span between two of
 * them stays `observed`. These become `kernel`:
 * - a span that is open, inferred or assumed, where a look found the socket in that state;
 * - TIME_WAIT's end: by the timer that the kernel told, and by the first look without the socket. Where that was before the timer, it
 *   is `endedBy` kernel, and `until` to `untilLatest` is the time within which it ended;
 * - the end of a socket that no packet shows: CLOSED from when its timer ended it, else from the first of two looks without it;
 * - an end's own close() before its FIN was sent: FIN_WAIT_1 or LAST_ACK from the first look that found it;
 * - FIN_WAIT_2 where the capture has no pure ACKs;
 * - the state that a connection had before the first packet that was captured of it;
 * - all states of an end of which packets prove none.
 *
 * Where the kernel differs nothing of this is done for what it contradicts: the packets' spans stay, and `kernel` has its own.
 * @param lives the end's sockets, the oldest first; one at least
 */
export function withKernel(endpoint: Endpoint, lives: readonly Life[], about: Circumstances): Told {
  const stays = joined(lives);
  const life = lives.at(-1)!;
  const kernel = stays.map(kernelSpan);
  if (endpoint.states.length === 0)
    return { endpoint: { ...kernelOnly(endpoint, stays, life, about), kernel }, differs: false };
  let states = begunBefore(endpoint.states, stays, about.isMidstream);
  states = closedBefore(states, stays, 'ESTABLISHED', 'FIN_WAIT_1');
  states = closedBefore(states, stays, 'CLOSE_WAIT', 'LAST_ACK');
  if (about.lacksAcks) states = closedBefore(states, stays, 'FIN_WAIT_1', 'FIN_WAIT_2');
  const apart = isApart(beforeTimers(states), stays);
  let { timeWait } = endpoint;
  if (!apart) [states, timeWait] = ended(states, timeWait, stays, life, about);
  // A socket that is gone is in no state but CLOSED.
  const isMissed = (span: Span) => span.state !== 'CLOSED' && sawWithin(span, about.looks, life.missed);
  const differs = apart || (life.gone !== null && states.some(isMissed));
  const told = states.map((span) => (span.open && life.gone !== null ? span : confirmed(span, stays)));
  return { endpoint: { ...withSeconds(endpoint, told), timeWait, kernel }, differs };
}

/** Of sockets one after the other. */
function joined(lives: readonly Life[]): Stay[] {
  const stays: Stay[] = [];
  for (const stay of lives.flatMap((life) => life.stays)) {
    const before = stays.at(-1);
    if (before?.state === stay.state)
      stays[stays.length - 1] = { ...stay, first: before.first, looks: before.looks + stay.looks };
    else stays.push(stay);
  }
  return stays;
}

function kernelSpan({ state, first, last, until }: Stay): KernelSpan {
  return {
    state,
    from: timeText(middleOf(first)),
    to: timeText(middleOf(last)),
    until: until === null ? null : timeText(until),
  };
}

/** A TIME_WAIT that packets end by a timer alone may go on. */
function beforeTimers(states: readonly Span[]): readonly Span[] {
  const last = states.at(-1);
  if (last?.state !== 'CLOSED' || last.basis !== 'assumed' || states.at(-2)?.state !== 'TIME_WAIT') return states;
  return [...states.slice(0, -2), opened(states.at(-2)!, null)];
}

function opened(span: Span, seconds: number | null): Span {
  return { ...span, to: null, seconds, open: true, plusMinus: null, frames: [span.frames[0], null] };
}

/** @param error of its end, ms; null: not known */
function closedAt(span: Span, at: string, error: number | null): Span {
  const plusMinus = error === null ? null : Math.max(span.plusMinus ?? 0, seconds(error));
  return {
    ...span,
    to: at,
    seconds: secondsBetween(span.from, at),
    basis: 'kernel',
    open: false,
    plusMinus,
    frames: [span.frames[0], null],
  };
}

function closed(at: string): Span {
  return {
    state: 'CLOSED',
    from: at,
    to: at,
    seconds: 0,
    basis: 'kernel',
    open: false,
    plusMinus: 0,
    frames: [null, null],
  };
}

/** The first state of a connection that is older than the capture, from the first look that found it. */
function begunBefore(states: readonly Span[], stays: readonly Stay[], isMidstream: boolean): Span[] {
  const [span] = states;
  const [stay] = stays;
  if (!isMidstream || span === undefined || stay === undefined || span.state !== stay.state) return [...states];
  const from = timeText(middleOf(stay.first));
  if (span.frames[0] !== null || from >= span.from) return [...states];
  return [{ ...begunAt(span, from), plusMinus: null }, ...states.slice(1)];
}

/** A span that began at another time. */
function begunAt(span: Span, from: string): Span {
  const { seconds: lasted, to } = span;
  const now = lasted === null ? null : Number((lasted + secondsBetween(from, span.from)).toFixed(9));
  return { ...span, from, seconds: to === null ? now : secondsBetween(from, to), basis: 'kernel' };
}

/** A change of state that comes before the segment that shows it, or without one: close() while data waits to be sent. */
function closedBefore(states: Span[], stays: readonly Stay[], before: TcpState, after: TcpState): Span[] {
  const place = stays.findIndex(({ state }) => state === after);
  const index = states.findIndex(({ state }) => state === before);
  const [stay, span, next] = [stays[place], states[index], states[index + 1]];
  if (stay === undefined || span === undefined) return states;
  const at = middleOf(stay.first);
  const [from, to] = timesOf(span);
  if (at < from || stay.first.ended > to - WAITS_MS) return states;
  const isLast = place === stays.length - 1;
  if (next === undefined ? !isLast : next.state !== after && after !== 'FIN_WAIT_2') return states;
  const previous = stays[place - 1];
  const error = previous?.state === before ? at - middleOf(previous.last) : null;
  const time = timeText(at);
  const ending = next?.state === after ? next : { ...span, state: after };
  const begun: Span = {
    ...begunAt(ending, time),
    plusMinus: ending.open || error === null ? null : seconds(error),
    frames: [null, ending.frames[1]],
  };
  const rest = states.slice(index + (next?.state === after ? 2 : 1));
  return [...states.slice(0, index), closedAt(span, time, error), begun, ...rest];
}

/** How the socket ended, where packets don't show it. */
function ended(
  states: Span[],
  timeWait: TimeWait | null,
  stays: readonly Stay[],
  life: Life,
  about: Circumstances,
): [Span[], TimeWait | null] {
  const last = states.at(-1)!;
  const isMarker = last.state === 'CLOSED';
  if (isMarker && last.basis === 'observed') return [states, timeWait];
  const span = isMarker ? states.at(-2) : last;
  const stay = stays.at(-1)!;
  if (span === undefined) return [states, timeWait];
  const before = isMarker ? states.slice(0, -2) : states.slice(0, -1);
  if (span.state === 'TIME_WAIT') {
    if (timeWait === null || stay.state !== 'TIME_WAIT') return [states, timeWait];
    return endedWait(before, span, isMarker ? last : null, timeWait, stay, life, about);
  }
  if (life.gone === null || life.missed === null) return [states, timeWait];
  const [at, error] = endOf(stay, life);
  const time = timeText(at);
  // It had gone on by its packets: sawWithin() judges that.
  if (time < span.from || (isMarker && time >= last.from)) return [states, timeWait];
  return [[...before, closedAt(span, time, error), closed(time)], timeWait];
}

function endedWait(
  before: readonly Span[],
  span: Span,
  marker: Span | null,
  timeWait: TimeWait,
  stay: Stay,
  life: Life,
  about: Circumstances,
): [Span[], TimeWait] {
  const until = stay.until ?? msOf(timeWait.until);
  const { latenessMs } = about;
  const latest = until + latenessMs;
  const told: TimeWait = { ...timeWait, basis: 'kernel', until: timeText(until), untilLatest: timeText(latest) };
  if (life.gone !== null && life.missed !== null) {
    const [at, error] = endOf(stay, life);
    const isEarly = until - life.missed.ended > EARLY_MS;
    const [from, to] = isEarly ? [middleOf(stay.last), at] : [until, Math.max(until, Math.min(latest, at + error))];
    const time = later(timeText(at), span.from);
    const ends = { until: later(timeText(from), span.from), untilLatest: later(timeText(to), span.from) };
    return [
      [...before, closedAt(span, time, error), closed(time)],
      { ...told, ...ends, endedBy: isEarly ? 'kernel' : 'timer' },
    ];
  }
  if (marker === null) return [[...before, span], told];
  const seen = middleOf(stay.last);
  // The kernel still had it when by the packets its time was over.
  if (seen > msOf(marker.from)) {
    return [
      [...before, { ...opened(span, lastedUntil(span.from, stay, about)), basis: 'kernel' }],
      { ...told, endedBy: 'capture-end' },
    ];
  }
  const time = later(told.until, span.from);
  return [[...before, closedAt(span, time, latenessMs), closed(time)], told];
}

/** To the microsecond, as precise as looks' times are. */
const seconds = (ms: number) => Number((ms / 1000).toFixed(6));
/** The seconds of a span that goes on. */
function lastedUntil(from: string, stay: Stay, { lastPacket }: Circumstances): number {
  return Math.max(0, secondsBetween(from, lastPacket ?? timeText(middleOf(stay.last))));
}

const later = (a: string, b: string) => (a > b ? a : b);

/** When a socket ended that is gone, ms, and by how much earlier or later it may have been. */
function endOf(stay: Stay, { missed }: Life): [at: number, error: number] {
  const [seen, lacking] = [middleOf(stay.last), middleOf(missed!)];
  if (stay.until === null || stay.until - missed!.ended > EARLY_MS) return [lacking, lacking - seen];
  const at = Math.min(Math.max(stay.until, seen), lacking);
  return [at, lacking - at];
}

function confirmed(span: Span, stays: readonly Stay[]): Span {
  if (span.state === 'CLOSED' || (span.basis === 'observed' && !span.open)) return span;
  const stay = span.open ? stays.at(-1)! : stays.find(({ state }) => state === span.state);
  if (stay?.state !== span.state) return span;
  const [from, to] = timesOf(span);
  return stay.last.ended < from - WAITS_MS || stay.first.begun > to + WAITS_MS ? span : { ...span, basis: 'kernel' };
}

/** Of an end whose states no packet proves: from the first look that found each. */
function kernelOnly(endpoint: Endpoint, stays: readonly Stay[], life: Life, about: Circumstances): Endpoint {
  const states = stays.map((stay, index): Span => {
    const [before, next] = [stays[index - 1], stays[index + 1]];
    const from = timeText(middleOf(stay.first));
    const span: Span = {
      state: stay.state,
      from,
      to: null,
      seconds: lastedUntil(from, stay, about),
      basis: 'kernel',
      open: true,
      plusMinus: null,
      frames: [null, null],
    };
    if (next === undefined) return span;
    const gaps =
      before === undefined
        ? null
        : Math.max(middleOf(next.first) - middleOf(stay.last), middleOf(stay.first) - middleOf(before.last));
    return closedAt(span, timeText(middleOf(next.first)), gaps);
  });
  const wait = states.at(-1)!;
  const timer = stays.at(-1)!.until ?? middleOf(stays.at(-1)!.last);
  const timeWait: TimeWait | null =
    wait.state !== 'TIME_WAIT'
      ? null
      : {
          from: wait.from,
          until: timeText(timer),
          untilLatest: timeText(timer + about.latenessMs),
          basis: 'kernel',
          restarts: 0,
          endedBy: 'capture-end',
          frames: [],
        };
  const [all, told] = ended(states, timeWait, stays, life, about);
  return { ...withSeconds(endpoint, all), timeWait: told };
}

/** With the seconds of the closing states, as their spans have them. */
function withSeconds(endpoint: Endpoint, states: Span[]): Endpoint {
  const of = (state: TcpState) => states.find((span) => span.state === state)?.seconds ?? null;
  const finWait2 = states.find(({ state }) => state === 'FIN_WAIT_2');
  const isTold = endpoint.finWait2Seconds !== null || finWait2?.basis === 'kernel';
  return {
    ...endpoint,
    states,
    finWait1Seconds: of('FIN_WAIT_1'),
    finWait2Seconds: isTold ? of('FIN_WAIT_2') : null,
    closingSeconds: of('CLOSING'),
    timeWaitSeconds: of('TIME_WAIT'),
    closeWaitSeconds: of('CLOSE_WAIT'),
    lastAckSeconds: of('LAST_ACK'),
  };
}
