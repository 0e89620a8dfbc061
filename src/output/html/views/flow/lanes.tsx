/** Both ends' states as bars over time. */

import type { JSX } from 'preact';
import type { Flow, Side } from '../../../../report/types.ts';
import { addressPort, duration, secondsBetween, sentence } from '../../../../words.ts';
import { roleWords, spanWords } from '../../../flow-words.ts';
import { certaintyOf, MARK } from '../../../meaning.ts';
import { type Bar, type Lane, type LaneLayout, layOut, type Notch } from './lane-layout.ts';
import { barPath, crossPath, hatchPath } from './paths.ts';
import { stateClass } from './state-class.ts';

const TITLE = 20;
const BAR = 40;
/** Below bars, for the words of notches. */
const UNDER = 18;
const GAP = 12;
/** Of a digit of the axis, and between two of its labels. */
const DIGIT = 6.3;
const APART = 10;

interface Props {
  flow: Flow;
  /** RFC 3339; null: no packet has a time */
  captureEnd: string | null;
}

export function Lanes({ flow, captureEnd }: Props): JSX.Element {
  if (flow.endpoints.client.states.length + flow.endpoints.server.states.length === 0) {
    return <p>No state of either end is known from these packets.</p>;
  }
  const layout = layOut(flow, secondsBetween(flow.firstPacket, captureEnd ?? flow.lastPacket));
  const [client, server] = layout.lanes;
  const second = laneHeight(client) + GAP;
  const bottom = second + laneHeight(server);
  const height = bottom + (layout.captureEnd === null ? 26 : 42);
  return (
    <>
      <section class="scroll" tabIndex={0} aria-label={`States of flow ${flow.id} over time`}>
        <svg
          class="lanes"
          viewBox={`0 0 ${layout.width} ${height}`}
          width={layout.width}
          height={height}
          role="img"
          aria-label={description(flow)}
        >
          <Axis layout={layout} top={TITLE} bottom={bottom} />
          <g>
            <LaneBars flow={flow} lane={client} />
          </g>
          <g transform={`translate(0 ${second})`}>
            <LaneBars flow={flow} lane={server} />
          </g>
        </svg>
      </section>
      <p class="legend">{legend(flow, layout)}</p>
    </>
  );
}

function laneHeight({ bars, notches }: Lane): number {
  if (bars.length + notches.length === 0) return TITLE + UNDER;
  return TITLE + BAR + (notches.length > 0 ? UNDER : 4);
}

/** All states of both ends in a sentence each, for those who don't see the drawing. */
function description(flow: Flow): string {
  const ends = (['client', 'server'] as const).map((side) => {
    const spans = flow.endpoints[side].states.map((span) =>
      span.state === 'CLOSED' ? 'CLOSED' : `${span.state} ${spanWords(span).seconds}`,
    );
    return `${sentence(side)}: ${spans.length === 0 ? 'states not known' : spans.join(', ')}.`;
  });
  return `States over time. ${ends.join(' ')}`;
}

function legend(flow: Flow, { lanes }: LaneLayout): string {
  const spans = [...flow.endpoints.client.states, ...flow.endpoints.server.states];
  const bars = lanes.flatMap((lane) => lane.bars);
  const used = new Set(spans.map(certaintyOf));
  const timed = spans.some(({ state, open }) => state === 'TIME_WAIT' && open);
  const marks = (['assumed', 'inferred', 'open', 'at-least', 'unknown'] as const)
    .filter((each) => used.has(each) || (each === 'assumed' && timed))
    .map((each) => MARK[each].replace(' ', '\u00a0'));
  const hatched = used.has('inferred') || used.has('assumed') || timed;
  return [
    'Widths grow with the logarithm of the time, and no bar is narrower than its words.',
    ...(hatched ? ['Hatched: not seen, but inferred or assumed.'] : []),
    ...(bars.some(({ openLeft }) => openLeft) ? ['Ragged at its beginning: nobody saw it.'] : []),
    ...(bars.some(({ openRight }) => openRight) ? ['Ragged at its end: it goes on.'] : []),
    ...(marks.length === 0 ? [] : [`${marks.join('; ')}.`]),
  ].join(' ');
}

function Axis({ layout, top, bottom }: { layout: LaneLayout; top: number; bottom: number }): JSX.Element {
  const { ticks, captureEnd } = layout;
  let [free, said] = [-APART, ''];
  const labels = ticks.map(({ seconds, x }) => {
    const text = seconds === 0 ? '0' : `${seconds < 0 ? '−' : '+'}${duration(Math.abs(seconds))}`;
    const width = text.length * DIGIT;
    const left = Math.min(Math.max(0, x - width / 2), layout.width - width);
    if (left < free + APART || text === said) return null;
    [free, said] = [left + width, text];
    return { text, left };
  });
  return (
    <g class="axis">
      {ticks.map(({ x }) => (
        <path d={`M${x} ${top}V${bottom + 5}`} />
      ))}
      {captureEnd === null ? null : <path class="capture-end" d={`M${captureEnd} ${top - 4}V${bottom + 24}`} />}
      {labels.map((label) =>
        label === null ? null : (
          <text x={label.left.toFixed(1)} y={bottom + 17}>
            {label.text}
          </text>
        ),
      )}
      {captureEnd === null ? null : (
        <text
          class="capture-end"
          x={Math.max(0, Math.min(captureEnd - 38, layout.width - 78)).toFixed(1)}
          y={bottom + 36}
        >
          capture ends
        </text>
      )}
    </g>
  );
}

function LaneBars({ flow, lane: { side, bars, notches } }: { flow: Flow; lane: Lane }): JSX.Element {
  return (
    <>
      <text class="who" y={13}>
        <tspan class="strong">
          {side} {addressPort(flow[side])}
        </tspan>
        <tspan dx={10}>{roleWords(flow, side)}</tspan>
      </text>
      {bars.length + notches.length === 0 ? (
        <text class="none" x={0} y={TITLE + 12}>
          {nothingKnown(flow, side)}
        </text>
      ) : null}
      {bars.map((bar) => (
        <BarShape bar={bar} />
      ))}
      {notches.map((notch) => (
        <NotchShape notch={notch} />
      ))}
    </>
  );
}

function nothingKnown({ notes }: Flow, side: Side): string {
  return side === 'server' && notes.includes('self-connect')
    ? 'The same socket: it is connected to itself.'
    : 'Its states are not known from these packets.';
}

function BarShape({ bar }: { bar: Bar }): JSX.Element {
  const { span, x, width, lines, openLeft, openRight, projectedFrom, byReset } = bar;
  const isGuess = span.basis === 'inferred' || span.basis === 'assumed';
  const hatched = isGuess ? x : projectedFrom;
  const isClosed = span.state === 'CLOSED';
  // CLOSED at the end has its words at its beginning: it is as long as there is room.
  const middle = isClosed ? x + (byReset ? 44 : 30) : x + width / 2;
  return (
    <g class={`bar ${stateClass(span.state)}`}>
      <path class="shape" d={barPath(x, TITLE, width, BAR, { left: openLeft, right: openRight })} />
      {hatched === null ? null : (
        <path
          class={`hatch ${span.basis === 'inferred' ? 'inferred' : 'assumed'}`}
          d={hatchPath(hatched, TITLE, x + width - hatched, BAR, span.basis === 'inferred')}
        />
      )}
      {byReset ? <path class="cross" d={crossPath(x + 2, TITLE + BAR / 2, 7)} /> : null}
      {lines.map((line, index) =>
        line === '' ? null : (
          <text class={index === 0 ? 'strong' : ''} x={middle.toFixed(1)} y={TITLE + textY(lines, index)}>
            {line}
          </text>
        ),
      )}
    </g>
  );
}

function textY(lines: Bar['lines'], index: number): number {
  return lines[1] === '' ? 24 : 17 + 15 * index;
}

function NotchShape({ notch: { span, x, text, textX } }: { notch: Notch }): JSX.Element {
  const top = TITLE + BAR;
  return (
    <g class={`notch ${stateClass(span.state)}`}>
      <path class="shape" d={`M${x - 3} ${TITLE - 2}h6v${BAR + 6}h-6z`} />
      <text x={textX.toFixed(1)} y={top + 16}>
        {text}
      </text>
    </g>
  );
}
