import type { JSX } from 'preact';
import { count, list, plural, sentence } from '../../../words.ts';
import { type ChartSet, chartsOf } from '../charts/charts.ts';
import type { HtmlInput } from '../model.ts';
import { BarsFigure } from './charts/bars.tsx';
import { Patterns } from './charts/patterns.tsx';
import { StaysFigure } from './charts/stays.tsx';

/** What is said where there is nothing to draw. */
const NONE: Record<keyof ChartSet, string> = {
  stays: 'no socket came into TIME_WAIT',
  closers: 'no connection was closed',
  finWait2: 'no socket was seen to stay in FIN_WAIT_2',
  reuse: 'no 4-tuple was used again',
};

/** The aggregate charts, as SVG, with a table of the numbers behind each. */
export function Charts(input: HtmlInput): JSX.Element {
  const charts = chartsOf(input);
  const { stays, closers, finWait2, reuse } = charts;
  const missing = (Object.keys(NONE) as (keyof ChartSet)[]).filter((name) => charts[name] === null);
  const { count: all, peak } = input.report.totals.timeWait;
  const why = (name: keyof ChartSet) =>
    name === 'stays' && all > 0
      ? `when the ${plural(all, 'socket')} in TIME_WAIT were there (at most ${count(peak)} at once) is not known, as none of their connections is listed`
      : NONE[name];
  return (
    <section id="charts" aria-labelledby="charts-title">
      <h2 id="charts-title">Over all connections</h2>
      <Patterns />
      <div class="charts">
        {stays === null ? null : <StaysFigure chart={stays} />}
        {closers === null ? null : <BarsFigure name="closers" chart={closers} />}
        {finWait2 === null ? null : <BarsFigure name="finWait2" chart={finWait2} />}
        {reuse === null ? null : <BarsFigure name="reuse" chart={reuse} />}
      </div>
      {missing.length === 0 ? null : <p class="note">{sentence(list(missing.map(why)))}.</p>}
    </section>
  );
}
