/** On screen the aggregate charts are drawn by Chart.js, with their numbers under the pointer; the SVG stays for print. */

import {
  BarController,
  BarElement,
  CategoryScale,
  Chart,
  Filler,
  LinearScale,
  LineController,
  LineElement,
  PointElement,
  Tooltip,
} from 'chart.js';
import type { ChartSet } from '../charts/charts.ts';
import { barsConfig } from './bars-chart.ts';
import type { Config } from './chart-colors.ts';
import { staysConfig } from './stays-chart.ts';

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

const HEIGHT_OF_BAR = 22;
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
