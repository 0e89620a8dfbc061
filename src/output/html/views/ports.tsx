import type { JSX } from 'preact';
import type { Report } from '../../../report/types.ts';

/** The ledgers of ports, as timelines. */
export function Ports({ report }: { report: Report }): JSX.Element | null {
  if (report.ports.length === 0) return null;
  return (
    <section id="ports" aria-labelledby="ports-title">
      <h2 id="ports-title">When bind() fails, by port</h2>
    </section>
  );
}
