import type { JSX } from 'preact';
import type { Finding, Report } from '../../../report/types.ts';
import { count, moment } from '../../../words.ts';
import { withoutCodeMarks } from '../../style.ts';
import { bySeverity } from '../../survey.ts';
import { Prose } from './term.tsx';

/** The mark beside the word: severity is never told by colour alone. */
const MARK: Record<Finding['severity'], string> = { critical: '■', warning: '▲', info: '●' };

/** Flows that are named: of those that are shown on this page the link leads there. */
const MOST_FLOWS = 8;
/** Frames that are named. */
const MOST_FRAMES = 12;

interface Props {
  report: Report;
  /** ids of flows that this page shows without a script */
  shown: ReadonlySet<number>;
  told: Set<string>;
}

export function Findings({ report, shown, told }: Props): JSX.Element {
  const all = bySeverity(report.findings);
  const counts = (['critical', 'warning', 'info'] as const).flatMap((severity) => {
    const n = all.filter((each) => each.severity === severity).length;
    return n === 0 ? [] : [`${count(n)} ${severity}`];
  });
  return (
    <section id="findings" aria-labelledby="findings-title">
      <h2 id="findings-title">
        Findings <small>{counts.length === 0 ? 'none' : counts.join(', ')}</small>
      </h2>
      {all.length === 0 ? <p>No rule found anything to speak of.</p> : null}
      {all.map((finding) => (
        <FindingCard
          report={report}
          finding={finding}
          number={report.findings.indexOf(finding)}
          shown={shown}
          told={told}
        />
      ))}
    </section>
  );
}

interface CardProps extends Props {
  finding: Finding;
  /** its index in the report */
  number: number;
}

function FindingCard({ report, finding, number, shown, told }: CardProps): JSX.Element {
  const { severity, title, because, doThis, confidence, rule, rfc, wiresharkFilter } = finding;
  const heading = `finding-${number}`;
  return (
    <article class={`finding ${severity}`} aria-labelledby={heading} data-finding={number}>
      <header>
        <p class="severity">
          <span aria-hidden="true">{MARK[severity]}</span> {severity}
        </p>
        <h3 id={heading}>{withoutCodeMarks(title)}</h3>
      </header>
      <div class="because">
        <p>
          <Prose text={because} told={told} />
        </p>
        <p class="facts">
          <span>
            confidence: <b>{confidence}</b>
          </span>
          <Times finding={finding} reference={report.capture.firstPacket} />
          <Evidence finding={finding} shown={shown} />
          <Frames frames={finding.frames} />
        </p>
      </div>
      <div class="do">
        <h4>Do this</h4>
        <ol class="steps">
          {doThis.map((step) => (
            <li>
              <Prose text={step} told={told} />
            </li>
          ))}
        </ol>
      </div>
      <footer class="facts">
        {wiresharkFilter === null ? null : (
          <span class="filter">
            Wireshark: <code>{wiresharkFilter}</code>
          </span>
        )}
        {rfc === null ? null : <span>{rfc}</span>}
        <span>
          <code>teardown explain {rule}</code>
        </span>
      </footer>
    </article>
  );
}

function Times({ finding, reference }: { finding: Finding; reference: string | null }): JSX.Element | null {
  const { at, until } = finding;
  if (at === null && until === null) return null;
  const times = [...new Set([at, until].filter((time) => time !== null).map((time) => moment(time, reference)))];
  return <span>{times.join(' to ')}</span>;
}

function Evidence({ finding, shown }: { finding: Finding; shown: ReadonlySet<number> }): JSX.Element | null {
  const { flows, flowCount } = finding;
  if (flows.length === 0) return null;
  // Flows that this page shows come first: their links work without a script.
  const named = [...flows.filter((id) => shown.has(id)), ...flows.filter((id) => !shown.has(id))].slice(0, MOST_FLOWS);
  const left = flowCount - named.length;
  return (
    <span>
      evidence: {flowCount === 1 ? 'flow' : 'flows'}{' '}
      {named.map((id, index) => (
        <>
          {index === 0 ? null : ', '}
          {shown.has(id) ? (
            <a href={`#flow-${id}`} data-flow={id}>
              {id}
            </a>
          ) : (
            <span data-flow={id}>{id}</span>
          )}
        </>
      ))}
      {left > 0 ? ` and ${count(left)} more` : null}
    </span>
  );
}

function Frames({ frames }: { frames: readonly number[] }): JSX.Element | null {
  if (frames.length === 0) return null;
  const left = frames.length - MOST_FRAMES;
  const named = frames.slice(0, MOST_FRAMES).join(', ');
  return (
    <span>
      {frames.length === 1 ? 'frame' : 'frames'} {named}
      {left > 0 ? ` and ${count(left)} more` : null}
    </span>
  );
}
