/** The top of the page: what was captured, the verdict. */

import type { JSX } from 'preact';
import type { Report } from '../../../report/types.ts';
import { count, duration, list, moment, plural } from '../../../words.ts';
import { isWell } from '../../headline.ts';
import { assumptionWords, captureFaults, positionWords, sourceWords } from '../../survey.ts';
import { verdict } from '../../verdict.ts';
import { type Answer, atAGlance } from '../glance.ts';
import { Prose } from './term.tsx';

const POSITION: Record<Report['capture']['position'], string> = {
  'near-client': 'near the clients',
  'near-server': 'near the servers',
  middle: 'between clients and servers',
  unknown: 'at an unknown place',
};

export function Header({ report }: { report: Report }): JSX.Element {
  const { capture } = report;
  const { firstPacket, lastPacket } = capture;
  const files = list(
    capture.files.map(({ name }) => name),
    3,
  );
  const time =
    firstPacket === null || lastPacket === null
      ? 'no packet has a time'
      : `${firstPacket.slice(0, 10)} ${moment(firstPacket, firstPacket)} to ${moment(lastPacket, firstPacket)} UTC`;
  return (
    <header class="top">
      <h1>TCP teardown report</h1>
      <p class="meta">
        <span class="file">{files}</span>
        <span>{time}</span>
        <span>{duration(capture.seconds)}</span>
        <span>{plural(report.totals.flows, 'connection')}</span>
        <span>{plural(capture.packets, 'packet')}</span>
        <span>captured {POSITION[capture.position]}</span>
        {capture.dropped === null ? null : <span>{count(capture.dropped)} dropped</span>}
      </p>
    </header>
  );
}

export function Verdict({ report, told }: { report: Report; told: Set<string> }): JSX.Element {
  const { wrong, seen } = verdict(report);
  return (
    <section id="verdict" class={`verdict ${worst(report)}`} aria-labelledby="verdict-title">
      <h2 id="verdict-title" class="quiet">
        Verdict
      </h2>
      {wrong === null ? null : (
        <p class="wrong">
          <Prose text={wrong} told={told} />
        </p>
      )}
      <p class="seen">
        <Prose text={seen} told={told} />
      </p>
      <Glance answers={atAGlance(report)} />
    </section>
  );
}

function Glance({ answers }: { answers: readonly Answer[] }): JSX.Element | null {
  if (answers.length === 0) return null;
  return (
    <dl class="glance">
      {answers.map(({ question, answer, detail, isBad }) => (
        <div class={isBad ? 'bad' : undefined}>
          <dt>{question}</dt>
          <dd>
            <b>{answer}</b>
            <span>{detail}</span>
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** Green only where all is well: a finding that is merely worth knowing may be of an outage. */
function worst(report: Report): string {
  for (const severity of ['critical', 'warning'] as const) {
    if (report.findings.some((each) => each.severity === severity)) return severity;
  }
  return isWell(report) ? 'fine' : 'info';
}

/** What makes the report uncertain, and what was taken for granted. */
export function Basis({ report, left }: { report: Report; left: readonly string[] }): JSX.Element {
  const position = positionWords(report);
  const faults = captureFaults(report);
  const assumptions = assumptionWords(report, 6);
  const source = sourceWords(report);
  return (
    <section id="basis" aria-labelledby="basis-title">
      <h2 id="basis-title">What this rests on</h2>
      <ul class="basis">
        {[...faults, ...left].map((text) => (
          <li class="fault">{text}</li>
        ))}
        {source === null ? null : <li>{source}</li>}
        {position === null ? null : <li>{position}</li>}
        {assumptions.map((text) => (
          <li>Taken for granted: {text}</li>
        ))}
        <li>TIME_WAIT ends by a timer inside one system; no packet shows its end. Times of day are UTC.</li>
      </ul>
    </section>
  );
}
