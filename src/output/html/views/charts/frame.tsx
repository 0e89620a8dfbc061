import type { ComponentChildren, JSX } from 'preact';
import { Prose } from '../term.tsx';

interface FrameProps {
  /** by it the page's script finds the chart */
  name: string;
  title: string;
  note: string;
  children: ComponentChildren;
  /** the numbers */
  table: JSX.Element;
}

/** A chart under the sentence that it shows, with its numbers behind it. */
export function Frame({ name, title, note, children, table }: FrameProps): JSX.Element {
  return (
    <figure class="chart" data-chart={name}>
      <figcaption>
        <h3>
          <Prose text={title} told={NONE} />
        </h3>
        {note === '' ? null : <p class="note">{note}</p>}
      </figcaption>
      {children}
      <details>
        <summary>The numbers</summary>
        <div class="scroll">{table}</div>
      </details>
    </figure>
  );
}

/** Terms are explained in the text above: here they are in a title. */
const NONE = new Set(['TIME_WAIT', 'FIN_WAIT_2', 'RST']);
