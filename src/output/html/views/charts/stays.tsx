/** Sockets in TIME_WAIT over time, stacked by local port. */

import type { JSX } from 'preact';
import { clock, count, moment } from '../../../../words.ts';
import { countTicks } from '../../charts/axis.ts';
import { type StaysChart, timeOf } from '../../charts/charts.ts';
import { stackFill } from '../../charts/fills.ts';
import { Frame } from './frame.tsx';
import { fillOf, Key, percentOf } from './patterns.tsx';
import { Beyond, CaptureEnd, TimeAxis } from './time-axis.tsx';

/** Of the plot, px; times of day stand below. */
const HEIGHT = 180;
/** Where it begins: above it stands where the capture ends. */
const TOP = 18;
const TICKS = 4;
const MOST_ROWS = 200;

export function StaysFigure({ chart }: { chart: StaysChart }): JSX.Element {
  const { stays, names, captured, seconds, title, note } = chart;
  const ticks = countTicks(Math.max(...stays.total), TICKS);
  const top = ticks.at(-1)!;
  const y = (value: number) => Number((TOP + (HEIGHT - TOP) * (1 - value / top)).toFixed(2));
  const scale = { from: stays.from, seconds, captured };
  const last = stays.series.length - 1;
  return (
    <Frame name="stays" title={title} note={note} table={<Numbers chart={chart} />}>
      <div class="plot upright">
        <svg width="100%" height={HEIGHT + 20} role="img" aria-label={`${title}. ${note}`}>
          {ticks.map((value) => (
            <>
              <line class="gridline" x1="0" x2="100%" y1={y(value)} y2={y(value)} />
              <text class="tick" x="-6" y={y(value) + 4} text-anchor="end">
                {count(value)}
              </text>
            </>
          ))}
          {stays.series.map((_, index) => (
            <Layer
              chart={chart}
              index={index}
              fill={fillOf(stackFill(index, index === last && hasRest(chart)))}
              y={y}
            />
          ))}
          <Beyond scale={scale} top={TOP} height={HEIGHT} />
          <CaptureEnd scale={scale} y={TOP - 5} />
          <TimeAxis scale={scale} y={HEIGHT} />
        </svg>
      </div>
      <ul class="keys">
        {names.map((name, index) => (
          <Key fill={stackFill(index, index === last && hasRest(chart))}>
            {`${name}: up to ${count(stays.series[index]!.peak)}`}
          </Key>
        ))}
        {captured < seconds ? <Key fill="timer">after the capture, by timers</Key> : null}
      </ul>
    </Frame>
  );
}

export function hasRest({ stays }: StaysChart): boolean {
  return stays.series.at(-1)?.address === '';
}

interface LayerProps {
  chart: StaysChart;
  index: number;
  fill: string;
  y: (value: number) => number;
}

/** A series upon those before it: a rectangle for each run of buckets in which nothing changes. */
function Layer({ chart: { stays, seconds }, index, fill, y }: LayerProps): JSX.Element {
  const { series, bucketSeconds } = stays;
  const runs: { from: number; until: number; low: number; high: number }[] = [];
  series[index]!.counts.forEach((n, bucket) => {
    const low = series.slice(0, index).reduce((sum, { counts }) => sum + counts[bucket]!, 0);
    const last = runs.at(-1);
    if (last?.until === bucket && last.low === low && last.high === low + n) last.until++;
    else if (n > 0) runs.push({ from: bucket, until: bucket + 1, low, high: low + n });
  });
  const at = (bucket: number) => Math.min(seconds, bucket * bucketSeconds);
  return (
    <>
      {runs.map(({ from, until, low, high }) => {
        const [left, right] = [percentOf(at(from), seconds), percentOf(at(until), seconds)];
        // A little more, so that rounding leaves no gap before the next one.
        const width = percentOf(at(until) - at(from) + 0.0008 * seconds, seconds);
        return (
          <>
            <rect class="run" x={left} width={width} y={y(high)} height={y(low) - y(high)} fill={fill} />
            <line class="crest" x1={left} x2={right} y1={y(high)} y2={y(high)} />
          </>
        );
      })}
    </>
  );
}

/** Buckets in which something changes. */
function Numbers({ chart }: { chart: StaysChart }): JSX.Element {
  const { stays, names, captured } = chart;
  const { series, total, bucketSeconds, from } = stays;
  const differs = (bucket: number) =>
    bucket === 0 || series.some(({ counts }) => counts[bucket] !== counts[bucket - 1]);
  const buckets = total.map((_, bucket) => bucket).filter(differs);
  const shown = buckets.slice(0, MOST_ROWS);
  return (
    <table>
      <caption>
        Most sockets in TIME_WAIT at once within {bucketSeconds} s each, from the time (UTC) on; rows that repeat the
        one above are left out
      </caption>
      <thead>
        <tr>
          <th scope="col">from</th>
          <th scope="col" class="number">
            all
          </th>
          {names.map((name) => (
            <th scope="col" class="number">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {shown.map((bucket) => {
          const time = timeOf(from, bucket * bucketSeconds);
          return (
            <tr>
              <th scope="row">
                {bucketSeconds < 1 ? clock(time, 6) : moment(time, from)}
                {bucket * bucketSeconds > captured ? ' (by timers)' : ''}
              </th>
              <td class="number">{count(total[bucket]!)}</td>
              {series.map(({ counts }) => (
                <td class="number">{count(counts[bucket]!)}</td>
              ))}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
