/** Sockets in TIME_WAIT over time, as Chart.js draws it. */

import type { Plugin } from 'chart.js';
import { clock, count, moment } from '../../../words.ts';
import { timeTicks } from '../charts/axis.ts';
import { type StaysChart, timeOf } from '../charts/charts.ts';
import { stackFill } from '../charts/fills.ts';
import { type Config, colorOf, commonOf, fontOf, patternOf } from './chart-colors.ts';

/** Times of day under it. */
const TICKS = 4;

export function staysConfig(chart: StaysChart): Config {
  const { stays, names, seconds, captured } = chart;
  const { series, bucketSeconds, from, total } = stays;
  const { ticks, grid, border, tooltip, fg, font } = commonOf();
  const timeOfBucket = (bucket: number) => {
    const time = timeOf(from, bucket * bucketSeconds);
    const late = bucket * bucketSeconds > captured ? ' (by timers)' : '';
    return `${bucketSeconds < 1 ? clock(time, 6) : moment(time, from)}${late}`;
  };
  const pointsOf = (counts: readonly number[]) => [
    ...counts.map((n, bucket) => ({ x: bucket * bucketSeconds, y: n })),
    { x: seconds, y: counts.at(-1) ?? 0 },
  ];
  return {
    type: 'line',
    data: {
      datasets: series.map(({ counts, address }, index) => ({
        label: names[index]!,
        data: pointsOf(counts),
        stepped: 'before' as const,
        fill: index === 0 ? 'origin' : '-1',
        backgroundColor: patternOf(stackFill(index, address === '')),
        borderColor: fg,
        borderWidth: 1,
        pointRadius: 0,
        pointHoverRadius: 0,
        pointHitRadius: 0,
      })),
    },
    options: {
      animation: false,
      responsive: true,
      maintainAspectRatio: false,
      interaction: { mode: 'index', intersect: false, axis: 'x' },
      scales: {
        x: {
          type: 'linear',
          min: 0,
          max: seconds,
          grid,
          border,
          ticks: { ...ticks, maxRotation: 0, callback: (value) => labelAt(chart, Number(value)) },
          afterBuildTicks: (axis) => {
            axis.ticks = timeTicks(from, seconds, TICKS).map(({ at }) => ({ value: at }));
          },
        },
        y: {
          stacked: true,
          beginAtZero: true,
          suggestedMax: Math.max(...total),
          grid,
          border,
          ticks: { ...ticks, precision: 0, maxTicksLimit: 6, callback: (value) => count(Number(value)) },
        },
      },
      plugins: {
        tooltip: {
          ...tooltip,
          callbacks: {
            title: ([item]) => (item === undefined ? '' : timeOfBucket(Math.min(item.dataIndex, total.length - 1))),
            label: ({ datasetIndex, dataIndex }) =>
              `${names[datasetIndex]}: ${count(series[datasetIndex]!.counts[Math.min(dataIndex, total.length - 1)]!)}`,
            footer: ([item]) =>
              item === undefined ? '' : `all: ${count(total[Math.min(item.dataIndex, total.length - 1)]!)}`,
          },
          footerColor: fg,
          footerFont: font,
        },
      },
    },
    plugins: [captureEnd(chart)],
  };
}

function labelAt({ stays, seconds }: StaysChart, at: number): string {
  return timeTicks(stays.from, seconds, TICKS).find((tick) => Math.abs(tick.at - at) < seconds * 1e-6)?.label ?? '';
}

/** A line where the capture ends; what comes after it is striped. */
function captureEnd({ captured, seconds, stays: { from } }: StaysChart): Plugin<'bar' | 'line'> {
  return {
    id: 'capture-end',
    beforeLayout: (chart) => {
      chart.options.layout = { padding: { top: 18, right: 4 } };
    },
    afterDatasetsDraw: ({ ctx, chartArea: { left, right, top, bottom } }) => {
      if (captured >= seconds) return;
      const x = left + ((right - left) * captured) / seconds;
      const { family, size } = fontOf();
      ctx.save();
      ctx.beginPath();
      ctx.rect(x, top, right - x, bottom - top);
      ctx.clip();
      ctx.strokeStyle = colorOf('--raised');
      ctx.lineWidth = 3;
      ctx.beginPath();
      const height = bottom - top;
      for (let at = x - height; at < right; at += 5.657) {
        ctx.moveTo(at, bottom);
        ctx.lineTo(at + height, top);
      }
      ctx.stroke();
      ctx.restore();
      ctx.save();
      ctx.strokeStyle = ctx.fillStyle = colorOf('--fg');
      ctx.setLineDash([4, 3]);
      ctx.beginPath();
      ctx.moveTo(x, top - 14);
      ctx.lineTo(x, bottom);
      ctx.stroke();
      ctx.font = `${size}px ${family}`;
      const isLate = captured > 0.5 * seconds;
      ctx.textAlign = isLate ? 'right' : 'left';
      ctx.fillText(`capture ends ${clock(timeOf(from, captured), 0)}`, x + (isLate ? -5 : 5), top - 5);
      ctx.restore();
    },
  };
}
