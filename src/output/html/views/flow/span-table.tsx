/** Both ends' states as a table: all that the bars show, and how it is known. */

import type { JSX } from 'preact';
import type { Flow } from '../../../../report/types.ts';
import { clock, moment } from '../../../../words.ts';
import { spanWords } from '../../../flow-words.ts';
import { Prose } from '../term.tsx';

export function SpanTable({ flow }: { flow: Flow }): JSX.Element | null {
  const rows = (['client', 'server'] as const).flatMap((side) =>
    flow.endpoints[side].states.map((span) => ({ side, span, words: spanWords(span) })),
  );
  if (rows.length === 0) return null;
  const told = new Set<string>();
  return (
    <details class="spans">
      <summary>The states as a table</summary>
      <section class="scroll" tabIndex={0} aria-label={`States of flow ${flow.id} as a table`}>
        <table>
          <thead>
            <tr>
              <th scope="col">end</th>
              <th scope="col">state</th>
              <th scope="col">from</th>
              <th scope="col">to</th>
              <th scope="col" class="number">
                duration
              </th>
              <th scope="col">how it is known</th>
              <th scope="col">frames</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ side, span, words }) => (
              <tr>
                <td>{side}</td>
                <th scope="row">
                  <Prose text={span.state} told={told} />
                </th>
                <td>{clock(span.from, 6)}</td>
                <td>{span.to === null ? 'still there' : moment(span.to, flow.firstPacket, 6)}</td>
                <td class="number">{span.state === 'CLOSED' && !span.seconds ? '' : words.seconds}</td>
                <td>{words.how}</td>
                <td>{words.frames}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </details>
  );
}
