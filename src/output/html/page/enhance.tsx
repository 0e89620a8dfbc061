/** What the script adds to the static part of the page. */

import { render } from 'preact';
import type { PageFacts } from '../page-facts.ts';
import { CopyButton } from './copy-button.tsx';
import { findingMarkdown } from './finding-markdown.ts';
import { ThemeButton } from './theme.tsx';

/** Buttons at each finding, links where flows are named, the choice of colours. */
export function enhance(facts: PageFacts): void {
  for (const card of document.querySelectorAll<HTMLElement>('article[data-finding]')) {
    const finding = facts.findings[Number(card.dataset['finding'])];
    if (finding === undefined) continue;
    const { wiresharkFilter } = finding;
    render(
      <>
        <CopyButton label="Copy as Markdown" text={() => findingMarkdown(finding, facts.capture.firstPacket)} />
        {wiresharkFilter === null ? null : <CopyButton label="Copy filter" text={() => wiresharkFilter} />}
      </>,
      appended(card.querySelector<HTMLElement>('footer') ?? card, 'actions'),
    );
  }
  for (const name of document.querySelectorAll<HTMLElement>('main span[data-flow]')) {
    const link = document.createElement('a');
    link.href = `#flow=${name.dataset['flow'] ?? ''}`;
    link.textContent = name.textContent;
    name.replaceChildren(link);
  }
  const header = document.querySelector<HTMLElement>('header.top');
  if (header !== null) render(<ThemeButton />, appended(header, 'theme'));
}

function appended(parent: HTMLElement, name: string): HTMLElement {
  const place = document.createElement('div');
  place.className = name;
  parent.append(place);
  return place;
}
