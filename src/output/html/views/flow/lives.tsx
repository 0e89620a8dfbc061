/** The two lines of a ladder: in the colour of the state that an end is in. */

import type { JSX } from 'preact';
import type { Flow, Side, Span, TcpState } from '../../../../report/types.ts';
import type { Entered } from '../../../ladder-rows.ts';
import { stateClass } from './state-class.ts';

/** Follows both ends from row to row. */
export class Lives {
  private readonly left: Record<Side, Span[]>;
  private readonly now: Record<Side, Span | null> = { client: null, server: null };

  constructor({ endpoints }: Flow) {
    this.left = { client: [...endpoints.client.states], server: [...endpoints.server.states] };
  }

  /** @returns the state that each end is in with this row; null: not known */
  enter(entered: Entered): Record<Side, Span | null> {
    for (const side of ['client', 'server'] as const) {
      for (const state of entered[side]) {
        const index = this.left[side].findIndex((span) => span.state === state);
        this.now[side] = this.left[side][index] ?? null;
        this.left[side].splice(0, index + 1);
      }
    }
    return { ...this.now };
  }
}

interface Props {
  side: Side;
  entered: readonly TcpState[];
  now: Span | null;
}

export function Life({ side, entered, now }: Props): JSX.Element {
  const isGuess = now?.basis === 'inferred' || now?.basis === 'assumed';
  return (
    <td class={`life ${side} ${now === null ? 's-unknown' : stateClass(now.state)}${isGuess ? ' guess' : ''}`}>
      {entered.map((state) => (
        <span class={`entered ${stateClass(state)}`}>{state}</span>
      ))}
    </td>
  );
}
