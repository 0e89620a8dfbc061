import type { JSX } from 'preact';
import { MARK } from '../../meaning.ts';

/** What the marks before durations mean. */
export function Marks(): JSX.Element {
  return (
    <p class="marks">
      {Object.values(MARK).map((text) => {
        const end = text.startsWith('( )') ? 3 : text.indexOf(' ');
        return (
          <span key={text}>
            <b>{text.slice(0, end)}</b> {text.slice(end)}
          </span>
        );
      })}
    </p>
  );
}
