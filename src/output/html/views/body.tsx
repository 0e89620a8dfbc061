import type { JSX } from 'preact';
import type { Flow } from '../../../report/types.ts';
import type { HtmlInput } from '../model.ts';
import { Charts } from './charts.tsx';
import { Findings } from './findings.tsx';
import { FlowView } from './flow.tsx';
import { FlowTable } from './flow-table.tsx';
import { Glossary } from './glossary.tsx';
import { Ports } from './ports.tsx';
import { Basis, Header, Verdict } from './summary.tsx';

interface Props {
  input: HtmlInput;
  /** flows that are drawn here */
  drawn: readonly Flow[];
  /** connections that the script lists: 0 without one */
  listed: number;
  /** what was left out, a sentence each */
  left: readonly string[];
}

/** All that stands on the page without a script. */
export function Body({ input, drawn, listed, left }: Props): JSX.Element {
  const { report, splitBy = [], ladders } = input;
  const told = new Set<string>();
  const shown = new Set(drawn.map(({ id }) => id));
  return (
    <>
      <a class="skip" href="#findings">
        Skip to the findings
      </a>
      <Header report={report} />
      <main>
        <Verdict report={report} told={told} />
        <Findings report={report} shown={shown} told={told} />
        <Charts {...input} />
        <Ports report={report} />
        {/* The script puts its own table, overview and flow view here, and hides the others. */}
        <div id="explorer" hidden />
        <div id="static">
          <section id="flows" aria-labelledby="flows-title">
            <h2 id="flows-title">Connections</h2>
            <FlowTable report={report} splitBy={splitBy} shown={shown} listed={listed} />
          </section>
          <section id="evidence" aria-labelledby="evidence-title">
            <h2 id="evidence-title">Evidence: connection by connection</h2>
            {drawn.map((flow) => (
              <article id={`flow-${flow.id}`} class="flow">
                <FlowView
                  isShown={(id) => shown.has(id)}
                  flow={flow}
                  ladder={ladders.of.get(flow.id) ?? null}
                  capture={report.capture}
                  splitBy={splitBy}
                />
              </article>
            ))}
          </section>
        </div>
        <Basis report={report} left={left} />
        <Glossary />
      </main>
      <footer>
        <p>
          {report.tool.name} {report.tool.version}. This page is one file: it loads nothing and sends nothing. No byte
          of any payload is in it.
        </p>
      </footer>
    </>
  );
}
