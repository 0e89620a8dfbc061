import type { JSX } from 'preact';
import { FIELDS, type Field } from '../../../where/where.ts';

/** Asked most often, beside the short names. */
const MORE = ['id', 'client', 'server', 'kind', 'handshake', 'reset.cause', 'reset.by', 'reuse.inTimeWait', 'notes'];
/** Short names are no paths of the record. */
const SHORT = FIELDS.slice(
  0,
  FIELDS.findIndex(({ name }) => name === 'id'),
);
const SHOWN = [...SHORT, ...MORE.flatMap((name) => FIELDS.filter((field) => field.name === name))];

const OPERATORS: readonly [string, string][] = [
  ['== != < <= > >=', 'compare; durations as 200ms, 5s, 2m, times as 2026-03-01T10:00:00Z'],
  ['in {a, b, 1000..2000}', 'any of several values or ranges'],
  ['contains', 'a part of a text, as in notes contains fin'],
  ['&& || ! ( )', 'and, or, not; a name alone asks whether there is a value'],
  ['null', 'what is not known, as in finwait2==null'],
];

/** The language in short: the names that are asked most, and the operators. */
export function FilterHelp(): JSX.Element {
  return (
    <details class="filter-help">
      <summary>What can be asked</summary>
      <div class="filter-words">
        <dl>
          {SHOWN.map((field) => (
            <div key={field.name}>
              <dt>
                <code>{field.name}</code>
              </dt>
              <dd>{meaning(field)}</dd>
            </div>
          ))}
        </dl>
        <dl>
          {OPERATORS.map(([signs, text]) => (
            <div key={signs}>
              <dt>
                <code>{signs}</code>
              </dt>
              <dd>{text}</dd>
            </div>
          ))}
        </dl>
      </div>
      <p>
        The language is that of <code>--where</code> on the command line; every path of a flow in the JSON report is a
        name, as in <code>endpoints.server.finRetransmissions&gt;0</code>.
      </p>
    </details>
  );
}

function meaning({ help, values }: Field): string {
  return values.length === 0 ? help : `${help}: ${values.join(', ')}`;
}
