/** The filter: what `--where` takes, with the place of an error marked. */

import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { parseWhere, type Where, WhereError } from '../../../where/where.ts';
import { FilterHelp } from './filter-help.tsx';

/** Milliseconds without a key until the filter is applied. */
const PAUSE = 150;

interface Props {
  /** the expression that is applied; another than was typed replaces that */
  text: string;
  examples: readonly string[];
  /** "37 of 1,204 connections" */
  status: string;
  /** @param where null: all flows */
  onFilter(text: string, where: Where | null): void;
}

/** The expression's meaning, null where it is empty, or what is wrong with it. */
export function readFilter(text: string): Where | null | WhereError {
  if (text.trim() === '') return null;
  try {
    return parseWhere(text);
  } catch (error) {
    if (error instanceof WhereError) return error;
    throw error;
  }
}

export function FilterBox({ text, examples, status, onFilter }: Props): JSX.Element {
  const [typed, type] = useState(text);
  const applied = useRef(text);
  if (applied.current !== text) {
    applied.current = text;
    if (typed !== text) type(text);
  }
  const read = readFilter(typed);
  const error = read instanceof WhereError ? read : null;
  const apply = (value: string) => {
    const where = readFilter(value);
    if (where instanceof WhereError || value === applied.current) return;
    applied.current = value;
    onFilter(value, where);
  };
  useEffect(() => {
    const timer = setTimeout(() => apply(typed), PAUSE);
    return () => clearTimeout(timer);
  });
  const set = (value: string) => {
    type(value);
    apply(value);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter') apply(typed);
    else if (event.key === 'Escape' && typed !== '') set('');
    else return;
    event.preventDefault();
  };
  return (
    <div class="filter-box">
      <label for="where">Filter</label>
      <div class="filter-line">
        <input
          id="where"
          type="text"
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          placeholder="closer==server && finwait2>5s"
          value={typed}
          aria-invalid={error !== null}
          aria-describedby="where-error where-status"
          onInput={(event) => type(event.currentTarget.value)}
          onKeyDown={onKeyDown}
        />
        <button type="button" class="small" disabled={typed === ''} onClick={() => set('')}>
          Clear
        </button>
      </div>
      <div id="where-error" class="filter-error">
        {error === null ? null : <Wrong text={typed} error={error} />}
      </div>
      <div class="filter-under">
        <p id="where-status" role="status" class="filter-status">
          {status}
          {error === null ? '' : ' (by the last filter that could be read)'}
        </p>
        <p class="filter-examples">
          {examples.length === 0 ? null : <span>Try</span>}
          {examples.map((example) => (
            <button
              type="button"
              class="small"
              key={example}
              aria-pressed={typed === example}
              onClick={() => set(example)}
            >
              <code>{example}</code>
            </button>
          ))}
        </p>
      </div>
      <FilterHelp />
    </div>
  );
}

/** The message, and the expression with the place marked. */
function Wrong({ text, error }: { text: string; error: WhereError }): JSX.Element {
  const { position, length, message } = error;
  const end = position + length;
  return (
    <>
      <p>
        <span class="quiet">Not a filter: </span>
        {message}
      </p>
      <p class="marked" aria-hidden="true">
        {text.slice(0, position)}
        <mark>{text.slice(position, end) || '\u00a0'}</mark>
        {text.slice(end)}
      </p>
    </>
  );
}
