/** The ledgers of ports as tables. */

import type { JSX } from 'preact';
import { socketWords, systemName } from '../../../../findings/bind-words.ts';
import type { PortInterval, PortLedger } from '../../../../report/types.ts';
import type { OsProfile } from '../../../../teardown/profiles.ts';
import { addressPort, count, moment, plural } from '../../../../words.ts';
import { BASIS } from '../../../meaning.ts';
import { CASES, type Case, isListening } from '../../charts/ledger.ts';
import { endWords, freeWords } from './words.ts';

interface Times {
  firstPacket: string | null;
  lastPacket: string | null;
}

const MOST_INTERVALS = 60;
const MOST_PORTS = 50;

const HEAD: Record<Case, string> = { neither: 'neither', newOnly: 'new only', oldOnly: 'old only', both: 'both' };

export function Intervals({ port, times }: { port: PortLedger; times: Times }): JSX.Element {
  const left = port.intervals.length - MOST_INTERVALS;
  return (
    <table>
      <caption>
        bind() by which socket has SO_REUSEADDR, the old one, the new one
        {left > 0 ? `; ${plural(left, 'earlier interval')} left out` : ''}
      </caption>
      <thead>
        <tr>
          {['from', 'until', 'on the port', ...CASES.map((which) => HEAD[which]), 'how its end is known'].map(
            (name) => (
              <th scope="col">{name}</th>
            ),
          )}
        </tr>
      </thead>
      <tbody>
        {port.intervals.slice(-MOST_INTERVALS).map((each) => (
          <tr>
            <th scope="row">{moment(each.from, times.firstPacket)}</th>
            <td>{endWords(each, times)}</td>
            <td class="wide">{holders(each)}</td>
            {CASES.map((which) => (
              <td>{outcome(each.bindFails[which])}</td>
            ))}
            <td>{BASIS[each.basis]}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function holders(interval: PortInterval): string {
  const held = interval.flows === 0 ? [] : [socketWords(interval.states)];
  return [...(isListening(interval) ? ['a listener'] : []), ...held].join(', ');
}

function outcome(fails: boolean | null): string {
  if (fails === null) return '?';
  return fails ? 'fails' : 'works';
}

/** Ports that are not drawn, a row each. */
export function OtherPorts({ ports, times }: { ports: readonly PortLedger[]; times: Times }): JSX.Element | null {
  if (ports.length === 0) return null;
  const left = ports.length - MOST_PORTS;
  return (
    <details class="others">
      <summary>{plural(ports.length, 'more port')}, not drawn</summary>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              {['port', 'system', 'at the end', 'in all', 'bind() without SO_REUSEADDR'].map((name) => (
                <th scope="col">{name}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {ports.slice(0, MOST_PORTS).map((port) => (
              <tr>
                <th scope="row">{addressPort(port)}</th>
                <td>{systemName({ name: port.os as OsProfile['name'] })}</td>
                <td>{port.intervals.length === 0 ? '' : holders(port.intervals.at(-1)!)}</td>
                <td>{plural(port.intervals.length, 'interval')}</td>
                <td>{freeWords(port, times)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {left > 0 ? <p class="note">And {count(left)} more, which the JSON report has.</p> : null}
    </details>
  );
}
