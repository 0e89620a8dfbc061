import type { JSX } from 'preact';
import { isTerm, TERMS, type TermName, termId } from '../terms.ts';

/** A word that is explained on hover and focus, and leads to the glossary: no script is needed for that. */
export function Term({ name, children }: { name: TermName; children?: string }): JSX.Element {
  return (
    <a class="term" href={`#${termId(name)}`} data-tip={TERMS[name]}>
      {children ?? name}
    </a>
  );
}

/** Longer names first, so that none hides another. */
const NAMES = Object.keys(TERMS)
  .filter((name) => /^[A-Z0-9_]{3,}( 0)?$/.test(name))
  .sort((a, b) => b.length - a.length);
const WORDS = new RegExp(`\\b(${NAMES.join('|')})\\b`);

/**
 * Words as rules write them, `code` between backquotes. Each term is explained where it comes first.
 * @param told terms that were explained before, and then those that were here too
 */
export function Prose({ text, told = new Set() }: { text: string; told?: Set<string> }): JSX.Element {
  const parts = text.split('`');
  const isPaired = parts.length % 2 === 1;
  if (!isPaired) return <>{text}</>;
  return <>{parts.map((part, index) => (index % 2 === 1 ? <code>{part}</code> : explained(part, told)))}</>;
}

function explained(text: string, told: Set<string>): (string | JSX.Element)[] {
  return text.split(WORDS).map((part) => {
    if (!isTerm(part) || told.has(part)) return part;
    told.add(part);
    return <Term name={part} />;
  });
}
