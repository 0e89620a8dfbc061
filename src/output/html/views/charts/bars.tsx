/** Charts of bars that lie: the label before the bar, its number behind it. */

import type { JSX } from 'preact';
import { count, percent } from '../../../../words.ts';
import { countTicks } from '../../charts/axis.ts';
import type { Bar, BarChart } from '../../charts/bars.ts';
import { Frame } from './frame.tsx';
import { fillOf, Key, percentOf } from './patterns.tsx';

const THICK = 18;
const TICKS = 4;

export function BarsFigure({ name, chart }: { name: string; chart: BarChart }): JSX.Element {
  const { title, note, parts, bars, shares } = chart;
  const ticks = shares ? [0, 25, 50, 75, 100] : countTicks(Math.max(...bars.map(sumOf)), TICKS);
  const top = ticks.at(-1)!;
  return (
    <Frame name={name} title={title} note={note} table={<Numbers chart={chart} />}>
      <div class={shares ? 'plot bars wide' : 'plot bars'} role="img" aria-label={`${title}. ${barWords(chart)}`}>
        {bars.map((bar) => (
          <>
            <span class="label">{bar.label}</span>
            <span class="value">{bar.text}</span>
            <svg class="bar" width="100%" height={THICK} aria-hidden="true">
              {ticks.map((tick) => (
                <line class="gridline" x1={percentOf(tick, top)} x2={percentOf(tick, top)} y1="0" y2={THICK} />
              ))}
              <BarParts chart={chart} bar={bar} top={shares ? Math.max(1, sumOf(bar)) : top} />
            </svg>
          </>
        ))}
        <svg class="bar" width="100%" height="16" aria-hidden="true">
          {ticks.map((tick, index) => (
            <text
              class="tick"
              x={percentOf(tick, top)}
              y="12"
              text-anchor={index === 0 ? 'start' : tick === top ? 'end' : 'middle'}
            >
              {shares ? `${tick} %` : count(tick)}
            </text>
          ))}
        </svg>
      </div>
      {parts.length < 2 ? null : (
        <ul class="keys">
          {parts.map(({ name, fill }) => (
            <Key fill={fill}>{name}</Key>
          ))}
        </ul>
      )}
    </Frame>
  );
}

function BarParts({ chart: { parts }, bar, top }: { chart: BarChart; bar: Bar; top: number }): JSX.Element {
  return (
    <>
      {parts.map(({ name, fill }, index) => {
        const before = bar.counts.slice(0, index).reduce((sum, n) => sum + n, 0);
        const n = bar.counts[index]!;
        return n === 0 ? null : (
          <rect
            class="edge"
            x={percentOf(before, top)}
            width={percentOf(n, top)}
            y="2"
            height={THICK - 4}
            fill={fillOf(fill)}
          >
            <title>{`${name}: ${count(n)}`}</title>
          </rect>
        );
      })}
    </>
  );
}

export function sumOf({ counts }: Bar): number {
  return counts.reduce((sum, n) => sum + n, 0);
}

function barWords({ bars }: BarChart): string {
  return bars.map(({ label, text }) => `${label}: ${text}`).join('; ');
}

function Numbers({ chart: { head, parts, bars, unit, shares, more } }: { chart: BarChart }): JSX.Element {
  return (
    <table>
      <caption>Numbers of {unit}</caption>
      <thead>
        <tr>
          {[
            head,
            ...parts.map(({ name }) => name),
            ...(parts.length > 1 ? ['all'] : []),
            ...more.map((each) => each.head),
          ].map((name, index) => (
            <th scope="col" class={index === 0 ? undefined : 'number'}>
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {bars.map((bar, row) => (
          <tr>
            <th scope="row">{bar.label}</th>
            {bar.counts.map((n) => (
              <td class="number">{shares && n > 0 ? `${count(n)} (${percent(n, sumOf(bar))})` : count(n)}</td>
            ))}
            {parts.length > 1 ? <td class="number">{count(sumOf(bar))}</td> : null}
            {more.map(({ counts }) => (
              <td class="number">{count(counts[row]!)}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
