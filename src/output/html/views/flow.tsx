/** One flow: both ends' states, and below them the ladder of its segments. Drawn in Node and in the browser alike. */

import type { JSX } from 'preact';
import type { SplitWord } from '../../../decode/split.ts';
import type { Capture, Flow } from '../../../report/types.ts';
import { addressPort, sentence } from '../../../words.ts';
import { beganWords, endingReset, endpointFacts, ignoredResets, reuseWords, story } from '../../flow-words.ts';
import { ORIENTATION } from '../../meaning.ts';
import { noteWords } from '../../notes.ts';
import { placeWords } from '../../place-words.ts';
import type { Ladder } from '../model.ts';
import { flowCommand } from './flow/capture-words.ts';
import { LadderTable } from './flow/ladder.tsx';
import { Lanes } from './flow/lanes.tsx';
import { SpanTable } from './flow/span-table.tsx';
import { Prose } from './term.tsx';

export interface FlowViewProps {
  flow: Flow;
  /** null: its segments are not on this page */
  ladder: Ladder | null;
  capture: Pick<Capture, 'firstPacket' | 'lastPacket' | 'position'>;
  splitBy: readonly SplitWord[];
  /** whether a link to another flow leads somewhere; left out: it does not */
  isShown?: (id: number) => boolean;
}

export function FlowView({ flow, ladder, capture, splitBy, isShown = () => false }: FlowViewProps): JSX.Element {
  const { id, client, server, wiresharkFilter } = flow;
  return (
    <>
      <h3>
        Flow {id}: {addressPort(client)} → {addressPort(server)}
      </h3>
      <Head flow={flow} splitBy={splitBy} isShown={isShown} />
      {wiresharkFilter === null ? null : (
        <p class="small-print">
          Wireshark:{' '}
          <code class="copyable" data-copy={wiresharkFilter}>
            {wiresharkFilter}
          </code>
        </p>
      )}
      <h4>States of both ends</h4>
      <Lanes flow={flow} captureEnd={capture.lastPacket} />
      <SpanTable flow={flow} />
      <h4>Segments</h4>
      {ladder === null ? (
        <p>
          Its segments are not on this page: <code>{flowCommand(flow)}</code> draws them.
        </p>
      ) : (
        <LadderTable flow={flow} ladder={ladder} capture={capture} />
      )}
    </>
  );
}

type HeadProps = Required<Pick<FlowViewProps, 'flow' | 'splitBy' | 'isShown'>>;

function Head({ flow, splitBy, isShown }: HeadProps): JSX.Element {
  const told = new Set<string>();
  const { reset, reuse } = flow;
  const orientation = ORIENTATION[flow.orientation];
  const ending = reset === null ? null : endingReset(reset);
  const ignored = reset === null ? null : ignoredResets(reset);
  const facts = (['client', 'server'] as const).flatMap((side) =>
    endpointFacts(flow, side).map((text) => [`${sentence(side)}:`, text] as const),
  );
  const lines: (readonly [string, string])[] = [
    ...(ending === null ? [] : [['RST', ending] as const]),
    ...(ignored === null ? [] : [['Note:', ignored] as const]),
    ...facts,
    ...flow.notes.map((note) => ['Note:', noteWords(note)] as const),
  ];
  return (
    <>
      <p class="story">
        <Prose text={story(flow)} told={told} />
      </p>
      <p class="began">
        {splitBy.length === 0 ? '' : `In ${placeWords(flow, splitBy)}. `}
        {beganWords(flow)}
        {orientation === null ? '' : ` ${orientation}`}
      </p>
      {lines.length === 0 && reuse === null ? null : (
        <ul class="facts-of-flow">
          {lines.map(([lead, text]) => (
            <li>
              <b>{lead}</b> <Prose text={text} told={told} />
            </li>
          ))}
          {reuse === null ? null : <ReuseLine reuse={reuse} isShown={isShown} told={told} />}
        </ul>
      )}
    </>
  );
}

interface ReuseProps {
  reuse: NonNullable<Flow['reuse']>;
  isShown: (id: number) => boolean;
  told: Set<string>;
}

function ReuseLine({ reuse, isShown, told }: ReuseProps): JSX.Element {
  const { previous } = reuse;
  const [before, after] = reuseWords(reuse);
  return (
    <li>
      <b>Note:</b> {before}
      {isShown(previous) ? (
        <a href={`#flow-${previous}`} data-flow={previous}>
          flow {previous}
        </a>
      ) : (
        <span data-flow={previous}>flow {previous}</span>
      )}
      <Prose text={after} told={told} />
    </li>
  );
}
