/** The table of the flows that matter most, for pages without a script. */

import type { JSX } from 'preact';
import type { SplitWord } from '../../../decode/split.ts';
import type { Flow, Report } from '../../../report/types.ts';
import { addressPort, count, plural } from '../../../words.ts';
import { explanation, groupFlows } from '../../groups.ts';
import { closedFirst, stay, timeWaitUntil } from '../../meaning.ts';
import { isPlaced, placeWords } from '../../place-words.ts';
import { Term } from './term.tsx';

/** Rows: more are for the script. */
const ROWS = 48;
const STATES = ['FIN_WAIT_1', 'FIN_WAIT_2', 'TIME_WAIT', 'CLOSE_WAIT', 'LAST_ACK'] as const;

interface Props {
  report: Report;
  splitBy: readonly SplitWord[];
  shown: ReadonlySet<number>;
  /** connections that the script lists: 0 without one */
  listed: number;
}

export function FlowTable({ report, splitBy, shown, listed }: Props): JSX.Element {
  const flows = rowsOf(report);
  const placed = isPlaced(flows, splitBy);
  const left = report.totals.flows - flows.length;
  return (
    <section class="scroll" tabIndex={0} aria-label="Connections that matter most">
      <table>
        <caption>
          {left > 0
            ? `The ${count(flows.length)} connections that matter most, of ${count(report.totals.flows)}${scripted(listed, report)}.`
            : `${plural(flows.length, 'connection')}, those that matter most first.`}
        </caption>
        <thead>
          <tr>
            <th scope="col">flow</th>
            <th scope="col">client</th>
            <th scope="col">server</th>
            {placed ? <th scope="col">in</th> : null}
            <th scope="col">closed first</th>
            {STATES.map((state) => (
              <th scope="col" class="number">
                <Term name={state} />
              </th>
            ))}
            <th scope="col">TIME_WAIT until</th>
            <th scope="col">what happened</th>
          </tr>
        </thead>
        <tbody>
          {flows.map((flow) => (
            <Row flow={flow} place={placed ? placeWords(flow, splitBy) : null} report={report} shown={shown} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** Some of every group, the groups in order. */
function rowsOf(report: Report): Flow[] {
  const groups = groupFlows(report);
  const each = Math.max(3, Math.floor(ROWS / groups.length));
  return groups.flatMap(({ flows }) => flows.slice(0, each)).slice(0, ROWS);
}

function scripted(listed: number, { totals }: Report): string {
  if (listed === 0) return '';
  return `; with scripts this page lists ${listed === totals.flows ? 'them all' : count(listed)}`;
}

interface RowProps {
  flow: Flow;
  place: string | null;
  report: Report;
  shown: ReadonlySet<number>;
}

function Row({ flow, place, report, shown }: RowProps): JSX.Element {
  return (
    <tr>
      <th scope="row">{shown.has(flow.id) ? <a href={`#flow-${flow.id}`}>{flow.id}</a> : flow.id}</th>
      <td>{addressPort(flow.client)}</td>
      <td>{addressPort(flow.server)}</td>
      {place === null ? null : <td>{place}</td>}
      <td>{closedFirst(flow)}</td>
      {STATES.map((state) => (
        <td class="number">{stay(flow, state).text}</td>
      ))}
      <td>{timeWaitUntil(flow, report.capture.firstPacket)}</td>
      <td class="wide">{explanation(flow)}</td>
    </tr>
  );
}
