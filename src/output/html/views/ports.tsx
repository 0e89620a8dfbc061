import type { JSX } from 'preact';
import type { Report } from '../../../report/types.ts';
import { chosenPorts, scaleOf } from '../charts/ledger.ts';
import { Key } from './charts/patterns.tsx';
import { Intervals, OtherPorts } from './ports/numbers.tsx';
import { Timeline } from './ports/timeline.tsx';
import { portRules, portSentences, portTitle } from './ports/words.ts';
import { Prose } from './term.tsx';

/** The ledgers of ports, as timelines. */
export function Ports({ report }: { report: Report }): JSX.Element | null {
  const { drawn, others } = chosenPorts(report);
  const scale = scaleOf(report, drawn);
  if (drawn.length === 0 || scale === null) return null;
  const { firstPacket, lastPacket } = report.capture;
  const times = { firstPacket, lastPacket };
  return (
    <section id="ports" aria-labelledby="ports-title">
      <h2 id="ports-title">When bind() fails, by port</h2>
      {portRules(drawn).map((rule) => (
        <p class="rule">
          <Prose text={rule} told={new Set(['TIME_WAIT'])} />
        </p>
      ))}
      <ul class="keys">
        <Key fill="green">somebody listens, as far as answered SYNs tell</Key>
        <Key fill="red">TIME_WAIT, or sockets in the way of bind()</Key>
        <Key fill="grey">connections closed by the other end, or open</Key>
        <Key fill="timer">by timers, which no packet shows</Key>
      </ul>
      {drawn.map((port) => {
        const title = portTitle(port, times);
        const said = portSentences(port, times);
        return (
          <figure class="port">
            <figcaption>
              <h3>{title}</h3>
              {said === '' ? null : <p>{said}</p>}
            </figcaption>
            <Timeline port={port} scale={scale} {...times} label={`${title}. ${said}`} />
            <details>
              <summary>The numbers</summary>
              <div class="scroll">
                <Intervals port={port} times={times} />
              </div>
            </details>
          </figure>
        );
      })}
      <OtherPorts ports={others} times={times} />
    </section>
  );
}
