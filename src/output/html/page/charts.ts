/** On screen the aggregate charts are drawn by Chart.js, with their numbers under the pointer; the SVG stays for print. */

import {
  BarController,
  BarElement,
  CategoryScale,
  Chart,
  type ChartConfiguration,
  Filler,
  LinearScale,
  LineController,
  LineElement,
  type Plugin,
  PointElement,
  Tooltip,
} from 'chart.js';
import { clock, count, moment, percent } from '../../../words.ts';
import { timeTicks } from '../charts/axis.ts';
import type { BarChart } from '../charts/bars.ts';
import { type ChartSet, type StaysChart, timeOf } from '../charts/charts.ts';
import { stackFill } from '../charts/fills.ts';
import { colorOf, fontOf, patternOf } from './chart-colors.ts';

Chart.register(
  BarController,
  BarElement,
  CategoryScale,
  Filler,
  LinearScale,
  LineController,
  LineElement,
  PointElement,
  Tooltip,
);

type Config = ChartConfiguration<'bar' | 'line', unknown[], string>;

const HEIGHT_OF_BAR = 22;
/** Times of day under a chart. */
const TICKS = 4;
/** px */
const LEAST_WIDTH = 440;

/** Draws each chart when it comes near the screen, after all that the page needs first. */
export function drawCharts(charts: ChartSet): void {
  const drawers = Object.entries(charts).flatMap(([name, chart]: [string, ChartSet[keyof ChartSet]]) => {
    const figure = document.querySelector<HTMLElement>(`[data-chart="${name}"]`);
    if (chart === null || figure === null) return [];
    // Long names and a bar beside them need room, which the SVG does without.
    if ('bars' in chart && chart.shares && figure.clientWidth < LEAST_WIDTH) return [];
    return [
      {
        figure,
        config: () => ('stays' in chart ? staysConfig(chart) : barsConfig(chart)),
        bars: 'bars' in chart ? chart.bars.length : 0,
      },
    ];
  });
  const drawn = new Map<Element, () => void>();
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        const drawer = drawers.find(({ figure }) => figure === target);
        if (!isIntersecting || drawer === undefined) continue;
        observer.unobserve(target);
        drawn.set(target, draw(drawer.figure, drawer.config, drawer.bars));
      }
    },
    { rootMargin: '200px' },
  );
  const start = () => {
    for (const { figure } of drawers) observer.observe(figure);
  };
  // Safari has no requestIdleCallback.
  if ('requestIdleCallback' in window) window.requestIdleCallback(start);
  else setTimeout(start, 200);
  const again = () => {
    for (const redraw of drawn.values()) redraw();
  };
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', again);
  new MutationObserver(again).observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
}

/** @returns what draws it anew, in the colours of then */
function draw(figure: HTMLElement, config: () => Config, bars: number): () => void {
  const plot = figure.querySelector('.plot')!;
  const holder = document.createElement('div');
  holder.className = 'canvas';
  if (bars > 0) holder.style.height = `${bars * HEIGHT_OF_BAR + 30}px`;
  const canvas = document.createElement('canvas');
  canvas.setAttribute('role', 'img');
  canvas.setAttribute('aria-label', figure.querySelector('[role="img"]')?.getAttribute('aria-label') ?? '');
  holder.append(canvas);
  plot.after(holder);
  figure.classList.add('live');
  let chart = new Chart<'bar' | 'line', unknown[], string>(canvas, config());
  return () => {
    chart.destroy();
    chart = new Chart<'bar' | 'line', unknown[], string>(canvas, config());
  };
}

/** What all charts have alike. */
function common() {
  const font = fontOf();
  const [muted, line, fg, raised] = ['--muted', '--line', '--fg', '--raised'].map(colorOf) as [
    string,
    string,
    string,
    string,
  ];
  return {
    ticks: { color: muted, font },
    grid: { color: line },
    border: { color: colorOf('--strong-line') },
    tooltip: {
      backgroundColor: raised,
      titleColor: fg,
      bodyColor: fg,
      borderColor: colorOf('--strong-line'),
      borderWidth: 1,
      titleFont: { ...font, weight: 'bold' as const },
      bodyFont: font,
      cornerRadius: 4,
    },
    fg,
    raised,
    font,
  };
}

function staysConfig(chart: StaysChart): Config {
  const { stays, names, seconds, captured } = chart;
  const { series, bucketSeconds, from, total } = stays;
  const { ticks, grid, border, tooltip, fg, font } = common();
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

function barsConfig(chart: BarChart): Config {
  const { bars, parts, shares } = chart;
  const { ticks, grid, border, tooltip, fg, font } = common();
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
