import type { JSX } from 'preact';
import { clock } from '../../../../words.ts';
import { timeTicks } from '../../charts/axis.ts';
import { timeOf } from '../../charts/charts.ts';
import { fillOf, percentOf } from './patterns.tsx';

/** What fits beside each other on a narrow page. */
const MOST_TICKS = 5;

interface TimeAxisProps {
  /** RFC 3339: its beginning */
  from: string;
  /** its length, and where the capture ends */
  seconds: number;
  captured: number;
  /** of what stands above it, px: from where, to where */
  top: number;
  height: number;
}

/** Times of day under a drawing; what comes after the capture is drawn over with stripes. */
export function TimeAxis({ from, seconds, captured, top, height }: TimeAxisProps): JSX.Element {
  const end = percentOf(captured, seconds);
  const isLate = captured > 0.5 * seconds;
  return (
    <>
      {captured < seconds ? (
        <>
          <rect
            x={end}
            y={top}
            width={percentOf(seconds - captured, seconds)}
            height={height - top}
            fill={fillOf('timer')}
          />
          <line class="end" x1={end} x2={end} y1={top - 14} y2={height} />
          <text class="said" x={end} dx={isLate ? -5 : 5} y={top - 5} text-anchor={isLate ? 'end' : 'start'}>
            capture ends {clock(timeOf(from, captured), 0)}
          </text>
        </>
      ) : null}
      <line class="axis" x1="0" x2="100%" y1={height} y2={height} />
      {timeTicks(from, seconds, MOST_TICKS).map(({ at, label }) => (
        <>
          <line class="axis" x1={percentOf(at, seconds)} x2={percentOf(at, seconds)} y1={height} y2={height + 4} />
          <text class="tick" x={percentOf(at, seconds)} y={height + 16} text-anchor={anchorAt(at / seconds)}>
            {label}
          </text>
        </>
      ))}
    </>
  );
}

/** So that no label leaves the drawing. */
function anchorAt(share: number): 'start' | 'middle' | 'end' {
  if (share < 0.06) return 'start';
  return share > 0.94 ? 'end' : 'middle';
}
