import type { JSX } from 'preact';
import { TERMS, termId } from '../terms.ts';

export function Glossary(): JSX.Element {
  return (
    <section id="glossary" aria-labelledby="glossary-title">
      <h2 id="glossary-title">Glossary</h2>
      <dl class="glossary">
        {Object.entries(TERMS).map(([name, text]) => (
          <div id={termId(name)}>
            <dt>{name}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
