import type { JSX } from 'preact';
import { FILLS, type FillName, HATCHES } from '../../charts/fills.ts';

/** What an SVG on the page fills with, by `fillOf()`: defined once, for all. */
export function Patterns(): JSX.Element {
  return (
    <svg class="quiet" width="1" height="1" aria-hidden="true">
      <defs>
        {Object.entries(FILLS).map(([name, { hatch }]) => (
          <pattern id={`fill-${name}`} class={`fill-${name}`} width="8" height="8" patternUnits="userSpaceOnUse">
            <rect class="base" width="8" height="8" />
            {hatch === 'plain' ? null : <path class="mark" d={HATCHES[hatch]} />}
          </pattern>
        ))}
        <pattern id="fill-timer" class="fill-timer" width="8" height="8" patternUnits="userSpaceOnUse">
          <path class="mark" d={HATCHES.slash} />
        </pattern>
      </defs>
    </svg>
  );
}

export function fillOf(name: FillName | 'timer'): string {
  return `url(#fill-${name})`;
}

/** What a fill means. */
export function Key({ fill, children }: { fill: FillName | 'timer'; children: string }): JSX.Element {
  return (
    <li>
      <svg class="swatch" width="18" height="12" aria-hidden="true">
        {fill === 'timer' ? <rect class="under" width="18" height="12" /> : null}
        <rect class="edge" x="0.5" y="0.5" width="17" height="11" fill={fillOf(fill)} />
      </svg>
      {children}
    </li>
  );
}

/** A place on an axis, in percent of its length. */
export function percentOf(part: number, whole: number): string {
  return `${Number(((part / whole) * 100).toFixed(3))}%`;
}
