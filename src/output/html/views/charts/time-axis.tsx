import type { JSX } from 'preact';
import { clock } from '../../../../words.ts';
import { timeTicks } from '../../charts/axis.ts';
import { timeOf } from '../../charts/charts.ts';
import type { Scale } from '../../charts/ledger.ts';
import { fillOf, percentOf } from './patterns.tsx';

/** What fits beside each other on a narrow page. */
const MOST_TICKS = 4;

interface Height {
  /** of what is drawn, px: from where, to where */
  top: number;
  height: number;
}

/** What comes after the capture is striped, and follows from timers. */
export function Beyond({ scale: { captured, seconds }, top, height }: Height & { scale: Scale }): JSX.Element | null {
  if (captured >= seconds) return null;
  const end = percentOf(captured, seconds);
  return (
    <>
      <rect
        x={end}
        y={top}
        width={percentOf(seconds - captured, seconds)}
        height={height - top}
        fill={fillOf('timer')}
      />
      <line class="end" x1={end} x2={end} y1={top} y2={height} />
    </>
  );
}

/** Where the capture ends. @param y the text's base line */
export function CaptureEnd({ scale: { from, captured, seconds }, y }: { scale: Scale; y: number }): JSX.Element | null {
  if (captured >= seconds) return null;
  const end = percentOf(captured, seconds);
  const isLate = captured > 0.5 * seconds;
  return (
    <>
      <line class="end" x1={end} x2={end} y1={y - 10} y2={y + 5} />
      <text class="said" x={end} dx={isLate ? -5 : 5} y={y} text-anchor={isLate ? 'end' : 'start'}>
        capture ends {clock(timeOf(from, captured), 0)}
      </text>
    </>
  );
}

/** Times of day. @param y of the axis, px */
export function TimeAxis({ scale: { from, seconds }, y }: { scale: Scale; y: number }): JSX.Element {
  return (
    <>
      <line class="axis" x1="0" x2="100%" y1={y} y2={y} />
      {timeTicks(from, seconds, MOST_TICKS).map(({ at, label }) => (
        <>
          <line class="axis" x1={percentOf(at, seconds)} x2={percentOf(at, seconds)} y1={y} y2={y + 4} />
          <text class="tick" x={percentOf(at, seconds)} y={y + 16} text-anchor={at > 0.95 * seconds ? 'end' : 'middle'}>
            {label}
          </text>
        </>
      ))}
    </>
  );
}
