/** The selected flow, beside or below the table. */

import type { JSX } from 'preact';
import { memo } from 'preact/compat';
import { useEffect, useRef } from 'preact/hooks';
import type { FlowStore, LadderStore } from '../data/store.ts';
import type { PageFacts } from '../page-facts.ts';
import { FlowView, type FlowViewProps } from '../views/flow.tsx';
import { copyText } from './copy.ts';
import { useAfterPaint } from './use-after-paint.ts';

interface Props {
  flows: FlowStore;
  ladders: LadderStore;
  facts: PageFacts;
  /** index; -1: none */
  selected: number;
  /** what there is to say in its place, '' for nothing */
  missing: string;
  /** the row before, the row after; null: there is none */
  previous: (() => void) | null;
  next: (() => void) | null;
}

export const FLOW_PANE = 'flow-pane';

export function FlowPane({ flows, ladders, facts, selected, missing, previous, next }: Props): JSX.Element {
  const isPainted = useAfterPaint();
  const flow = selected < 0 || !isPainted ? null : flows.flow(selected);
  return (
    <section id={FLOW_PANE} class="flow-pane" tabIndex={-1} aria-label="The selected connection">
      <p class="flow-steps">
        <button type="button" class="small" disabled={previous === null} onClick={() => previous?.()}>
          ↑ previous
        </button>
        <button type="button" class="small" disabled={next === null} onClick={() => next?.()}>
          ↓ next
        </button>
        <span role="status">{missing}</span>
      </p>
      {flow === null ? null : (
        <Drawn
          key={flow.id}
          flow={flow}
          ladder={ladders.ladder(flow.id)}
          capture={facts.capture}
          splitBy={facts.splitBy}
        />
      )}
    </section>
  );
}

/** Drawn once, as buttons are put into it that Preact does not know. */
const Drawn = memo(DrawnFlow, () => true);

function DrawnFlow(props: FlowViewProps): JSX.Element {
  const place = useRef<HTMLElement>(null);
  useEffect(() => {
    for (const element of place.current?.querySelectorAll<HTMLElement>('.copyable[data-copy]') ?? []) {
      element.append(copyButton(element.dataset['copy'] ?? ''));
    }
  }, []);
  return (
    <article ref={place} class="flow">
      <FlowView {...props} />
    </article>
  );
}

/** Copies a text and says on itself that it has. */
function copyButton(text: string): HTMLButtonElement {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'small';
  button.textContent = 'copy';
  button.setAttribute('aria-live', 'polite');
  button.addEventListener('click', async () => {
    button.textContent = (await copyText(text)) ? 'copied' : 'the browser refuses';
    setTimeout(() => {
      button.textContent = 'copy';
    }, 4000);
  });
  return button;
}
