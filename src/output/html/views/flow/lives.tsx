/** The two lines of a ladder: in the colour of the state that an end is in. */

import type { JSX } from 'preact';
import type { Flow, Side, Span, TcpState } from '../../../../report/types.ts';
import type { Entered } from '../../../ladder-rows.ts';
import { stateClass } from './state-class.ts';

/** What an end is in with a row. */
export interface Living {
  /** null: not known */
  span: Span | null;
  /** states that begin with the row; `past`: the end had left it before it entered one that stands above */
  entered: { state: TcpState; past: boolean }[];
}

/** Follows both ends from row to row. */
export class Lives {
  private readonly spans: Record<Side, readonly Span[]>;
  private readonly now: Record<Side, number> = { client: -1, server: -1 };

  constructor({ endpoints }: Flow) {
    this.spans = { client: endpoints.client.states, server: endpoints.server.states };
  }

  enter(entered: Entered): Record<Side, Living> {
    return { client: this.live('client', entered.client), server: this.live('server', entered.server) };
  }

  /** Rows are in the order of the capture point. An end far from it may have sent its FIN before the other's reached it. */
  private live(side: Side, states: readonly TcpState[]): Living {
    const spans = this.spans[side];
    const entered = states.map((state) => {
      const index = spans.findIndex((span, place) => span.state === state && place > this.now[side]);
      if (index < 0) return { state, past: true };
      this.now[side] = index;
      return { state, past: false };
    });
    return { span: spans[this.now[side]] ?? null, entered };
  }
}

interface Props {
  side: Side;
  living: Living;
}

export function Life({ side, living: { span, entered } }: Props): JSX.Element {
  const isGuess = span?.basis === 'inferred' || span?.basis === 'assumed';
  return (
    <td class={`life ${side} ${span === null ? 's-unknown' : stateClass(span.state)}${isGuess ? ' guess' : ''}`}>
      {entered.map(({ state, past }) => (
        <span class={`entered ${stateClass(state)}`}>
          {state}
          {past ? ', earlier' : ''}
        </span>
      ))}
    </td>
  );
}
