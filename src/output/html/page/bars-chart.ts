/** Bars that lie, as Chart.js draws them. */

import type { Plugin } from 'chart.js';
import { count, percent } from '../../../words.ts';
import type { BarChart } from '../charts/bars.ts';
import { type Config, colorOf, commonOf, fontOf, patternOf } from './chart-colors.ts';

export function barsConfig(chart: BarChart): Config {
  const { bars, parts, shares } = chart;
  const { ticks, grid, border, tooltip, fg, font } = commonOf();
  const all = bars.map(({ counts }) => counts.reduce((sum, n) => sum + n, 0));
  return {
    type: 'bar',
    data: {
      labels: bars.map(({ label }) => label),
      datasets: parts.map(({ name, fill }, part) => ({
        label: name,
        data: bars.map(({ counts }, bar) => (shares ? (counts[part]! / Math.max(1, all[bar]!)) * 100 : counts[part]!)),
        backgroundColor: patternOf(fill),
        borderColor: fg,
        borderWidth: ({ raw }: { raw: unknown }) => (raw === 0 ? 0 : 1),
        borderSkipped: false,
        barPercentage: 0.7,
        categoryPercentage: 1,
      })),
    },
    options: {
      indexAxis: 'y',
      animation: false,
      responsive: true,
      maintainAspectRatio: false,
      interaction: { mode: 'index', intersect: false, axis: 'y' },
      scales: {
        x: {
          stacked: true,
          beginAtZero: true,
          ...(shares ? { max: 100 } : {}),
          grid,
          border,
          ticks: {
            ...ticks,
            precision: 0,
            maxTicksLimit: 6,
            callback: (value) => (shares ? `${value} %` : count(Number(value))),
          },
        },
        y: { stacked: true, grid: { display: false }, border, ticks: { ...ticks, color: fg, autoSkip: false } },
      },
      plugins: {
        tooltip: {
          ...tooltip,
          filter: ({ raw }) => raw !== 0,
          callbacks: {
            label: ({ datasetIndex, dataIndex }) => {
              const n = bars[dataIndex]!.counts[datasetIndex]!;
              const share = shares ? ` (${percent(n, all[dataIndex]!)})` : '';
              return `${parts[datasetIndex]!.name}: ${count(n)}${share}`;
            },
            footer: ([item]) => (item === undefined || parts.length < 2 ? '' : `all: ${count(all[item.dataIndex]!)}`),
          },
          footerColor: fg,
          footerFont: font,
        },
      },
    },
    plugins: [valuesOf(chart)],
  };
}

/** What stands behind the bars. */
function valuesOf({ bars }: BarChart): Plugin<'bar' | 'line'> {
  return {
    id: 'values',
    beforeLayout: (chart) => {
      const { family, size } = fontOf();
      chart.ctx.font = `${size}px ${family}`;
      const widest = Math.max(...bars.map(({ text }) => chart.ctx.measureText(text).width));
      chart.options.layout = { padding: { right: widest + 10 } };
    },
    afterDatasetsDraw: ({ ctx, chartArea, scales }) => {
      const { family, size } = fontOf();
      ctx.save();
      ctx.font = `${size}px ${family}`;
      ctx.fillStyle = colorOf('--fg');
      ctx.textBaseline = 'middle';
      bars.forEach(({ text }, bar) => {
        ctx.fillText(text, chartArea.right + 8, scales['y']!.getPixelForValue(bar));
      });
      ctx.restore();
    },
  };
}
