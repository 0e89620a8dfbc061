/** A port's ledger over time: who listens, which sockets are there, and when bind() fails. */

import type { JSX } from 'preact';
import type { PortInterval, PortLedger, TcpState } from '../../../../report/types.ts';
import { clock, count, moment, plural, secondsBetween } from '../../../../words.ts';
import type { FillName } from '../../charts/fills.ts';
import { isListening, type Lane, lanesOf, laneWords, type Scale } from '../../charts/ledger.ts';
import { fillOf, percentOf } from '../charts/patterns.tsx';
import { Beyond, CaptureEnd, TimeAxis } from '../charts/time-axis.tsx';

const HEIGHT = 20;
/** Shares of the width that a few words, and a number, need at least. */
const ROOM_FOR_WORDS = 0.22;
const ROOM_FOR_NUMBER = 0.06;

interface TimelineProps {
  port: PortLedger;
  scale: Scale;
  firstPacket: string | null;
  lastPacket: string | null;
  /** what is drawn, in a sentence */
  label: string;
}

export function Timeline({ port, scale, firstPacket, lastPacket, label }: TimelineProps): JSX.Element {
  const { intervals } = port;
  const listening = intervals.filter(isListening);
  const isUp = listening.some(({ until }) => until !== null && lastPacket !== null && until >= lastPacket);
  const all = lanesOf(port).filter((lane) => lane.intervals.length > 0);
  // Where only who listens is in the way, the lane above says so.
  const lanes = all.filter((lane) => lane.cases.includes('neither') || !lane.intervals.every(isListening));
  return (
    <div class="port-lanes" role="img" aria-label={label}>
      {scale.captured < scale.seconds ? (
        <>
          <span class="label" />
          <span class="value" />
          <svg class="track" width="100%" height="16" aria-hidden="true">
            <CaptureEnd scale={scale} y={11} />
          </svg>
        </>
      ) : null}
      <Row
        name={`somebody listens${all.length > lanes.length ? ': any bind() fails' : ''}`}
        end={isUp ? 'then not known' : ''}
        scale={scale}
        words={[]}
      >
        {listening.map((each) => (
          <Block scale={scale} from={each.from} until={each.until} fill="green" />
        ))}
      </Row>
      <Row
        name="sockets of connections"
        end=""
        scale={scale}
        words={intervals.map((each) => <SocketWords interval={each} scale={scale} />)}
      >
        {intervals.map((each) => (
          <Sockets interval={each} scale={scale} />
        ))}
      </Row>
      {lanes.map((lane) => (
        <Row
          name={lane.intervals.some((each) => isKnown(lane, each)) ? `bind() fails ${laneWords(lane)}` : 'bind()'}
          end={laneEnd(lane, firstPacket)}
          scale={scale}
          words={lane.intervals.map((each) => (
            <FailingWords interval={each} isKnown={isKnown(lane, each)} scale={scale} />
          ))}
        >
          {lane.intervals.map((each) => (
            <Failing interval={each} isKnown={isKnown(lane, each)} scale={scale} />
          ))}
        </Row>
      ))}
      <svg class="track" width="100%" height="20" aria-hidden="true">
        <TimeAxis scale={scale} y={1} />
      </svg>
    </div>
  );
}

interface RowProps {
  name: string;
  /** behind the lane */
  end: string;
  scale: Scale;
  /** over all that is drawn */
  words: JSX.Element[];
  children: JSX.Element[];
}

function Row({ name, end, scale, words, children }: RowProps): JSX.Element {
  return (
    <>
      <span class="label">{name}</span>
      <span class="value">{end}</span>
      <svg class="track" width="100%" height={HEIGHT} aria-hidden="true">
        <line class="gridline" x1="0" x2="100%" y1={HEIGHT / 2} y2={HEIGHT / 2} />
        {children}
        <Beyond scale={scale} top={0} height={HEIGHT} />
        {words}
      </svg>
    </>
  );
}

interface Place {
  x: string;
  width: string;
  /** the right edge */
  right: string;
  /** of the whole width */
  share: number;
}

/** @param until null: to the drawing's end */
function placeOf(scale: Scale, from: string, until: string | null): Place {
  const start = Math.max(0, secondsBetween(scale.from, from));
  const end = until === null ? scale.seconds : Math.min(scale.seconds, secondsBetween(scale.from, until));
  const length = Math.max(0, end - start);
  return {
    x: percentOf(start, scale.seconds),
    width: percentOf(length, scale.seconds),
    right: percentOf(start + length, scale.seconds),
    share: length / scale.seconds,
  };
}

interface BlockProps {
  scale: Scale;
  from: string;
  until: string | null;
  fill: FillName | 'timer';
  /** px */
  y?: number;
  height?: number;
}

function Block({ scale, from, until, fill, y = 3, height = HEIGHT - 6 }: BlockProps): JSX.Element {
  const { x, width } = placeOf(scale, from, until);
  return <rect class="edge" x={x} width={width} y={y} height={height} fill={fillOf(fill)} />;
}

const STATE_FILL: Partial<Record<TcpState, FillName>> = {
  TIME_WAIT: 'red',
  FIN_WAIT_1: 'yellow',
  FIN_WAIT_2: 'orange',
  CLOSING: 'purple',
  CLOSE_WAIT: 'sky',
  LAST_ACK: 'blue',
};

function statesOf(interval: PortInterval): [TcpState, number][] {
  const states = Object.entries(interval.states).filter(([state]) => state !== 'LISTEN') as [TcpState, number][];
  return states.sort((a, b) => b[1] - a[1]);
}

/** States share the height by how many sockets hold the port in each. */
function Sockets({ interval, scale }: { interval: PortInterval; scale: Scale }): JSX.Element {
  const states = statesOf(interval);
  const all = states.reduce((sum, [, n]) => sum + n, 0);
  const whole = HEIGHT - 6;
  let y = 3;
  return (
    <>
      {states.map(([state, n]) => {
        const height = (whole * n) / all;
        y += height;
        return (
          <Block
            scale={scale}
            from={interval.from}
            until={interval.until}
            fill={STATE_FILL[state] ?? 'grey'}
            y={Number((y - height).toFixed(2))}
            height={Number(height.toFixed(2))}
          />
        );
      })}
    </>
  );
}

function SocketWords({ interval, scale }: { interval: PortInterval; scale: Scale }): JSX.Element | null {
  const states = statesOf(interval);
  const all = states.reduce((sum, [, n]) => sum + n, 0);
  const { x, share } = placeOf(scale, interval.from, interval.until);
  if (all === 0 || share < ROOM_FOR_NUMBER) return null;
  if (isListening(interval)) {
    // Of all that came while somebody listened: never so many at once.
    return share < ROOM_FOR_WORDS ? null : (
      <text class="said" x={x} dx="6" y="14">
        {plural(all, 'connection')} in all
      </text>
    );
  }
  const words = states.length === 1 ? `${count(all)} ${states[0]![0]}` : `${count(all)} sockets`;
  return (
    <text class="said" x={x} dx="6" y="14">
      {share < ROOM_FOR_WORDS ? count(all) : words}
    </text>
  );
}

interface FailingProps {
  interval: PortInterval;
  isKnown: boolean;
  scale: Scale;
}

function Failing({ interval, isKnown, scale }: FailingProps): JSX.Element {
  const { from, until, untilLatest } = interval;
  const fill = isKnown ? (isListening(interval) ? 'green' : 'red') : 'hollow';
  return (
    <>
      <Block scale={scale} from={from} until={until} fill={fill} />
      {until !== null && untilLatest !== null && untilLatest > until ? (
        <>
          <Block scale={scale} from={until} until={untilLatest} fill={fill} />
          <Block scale={scale} from={until} until={untilLatest} fill="timer" />
        </>
      ) : null}
    </>
  );
}

function FailingWords({ interval, isKnown, scale }: FailingProps): JSX.Element | null {
  const { from, until } = interval;
  const { x, right, share } = placeOf(scale, from, until);
  if (!isKnown) {
    return share < ROOM_FOR_NUMBER ? null : (
      <text class="said" x={x} dx="6" y="14">
        ?
      </text>
    );
  }
  if (isListening(interval) || until === null || share < ROOM_FOR_WORDS) return null;
  return (
    <text class="said" x={right} dx="-6" y="14" text-anchor="end">
      to {clock(until, 0)}
    </text>
  );
}

function isKnown({ cases }: Lane, { bindFails }: PortInterval): boolean {
  return bindFails[cases[0]!] !== null;
}

/** What ends the lane. */
function laneEnd(lane: Lane, firstPacket: string | null): string {
  const { intervals } = lane;
  if (!intervals.some((each) => isKnown(lane, each))) return 'not known';
  const last = intervals.findLast((each) => !isListening(each));
  if (last === undefined) return 'while somebody listens';
  if (last.until === null) return 'no end in sight';
  const [early, late] = [moment(last.until, firstPacket), moment(last.untilLatest ?? last.until, firstPacket)];
  return early === late ? `free at ${early}` : `free at ${early} to ${late}`;
}
