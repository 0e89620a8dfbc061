import type { JSX } from 'preact';
import { duration, moment } from '../../../words.ts';
import { timeAfter } from './clock.ts';
import type { Range } from './timeline.ts';

interface Props {
  origin: string;
  range: Range | null;
  /** the last second that there is */
  most: number;
  onRange(range: Range | null): void;
}

/** The range by keyboard, and in words. */
export function RangeInputs({ origin, range, most, onRange }: Props): JSX.Element {
  const change = (edge: keyof Range, text: string) => {
    const value = text.trim() === '' ? null : Number(text);
    if (value === null) onRange(cleared(range, edge, most));
    else if (Number.isFinite(value)) {
      const other = edge === 'from' ? (range?.to ?? most) : (range?.from ?? 0);
      const at = Math.max(0, value);
      onRange({ from: Math.min(at, other), to: Math.max(at, other) });
    }
  };
  return (
    <p class="range">
      <span>Only those that were there, seconds after the first packet:</span>
      <Seconds label="from +" value={range?.from} onChange={(text) => change('from', text)} />
      <Seconds label="to +" value={range?.to} onChange={(text) => change('to', text)} />
      <button type="button" class="small" disabled={range === null} onClick={() => onRange(null)}>
        All times
      </button>
      <span role="status">{range === null ? 'or drag across the picture' : rangeWords(range, origin)}</span>
    </p>
  );
}

/** Without one edge the range reaches to the end of what there is; without either there is none. */
function cleared(range: Range | null, edge: keyof Range, most: number): Range | null {
  if (range === null) return null;
  const left = edge === 'from' ? { from: 0, to: range.to } : { from: range.from, to: most };
  return left.from <= 0 && left.to >= most ? null : left;
}

interface SecondsProps {
  label: string;
  value: number | undefined;
  onChange(text: string): void;
}

function Seconds({ label, value, onChange }: SecondsProps): JSX.Element {
  return (
    <label>
      {label}
      <input
        type="number"
        min={0}
        step="any"
        value={value === undefined ? '' : Number(value.toPrecision(6))}
        onChange={(event) => onChange(event.currentTarget.value)}
      />{' '}
      s
    </label>
  );
}

/** "12:03:10 to 12:03:14 UTC, 4.2 s, lingering included": as many decimals as its length asks for. */
function rangeWords({ from, to }: Range, origin: string): string {
  const length = to - from;
  const decimals = length >= 10 ? 0 : length >= 0.1 ? 3 : 6;
  const clock = (seconds: number) => moment(timeAfter(origin, seconds), origin, decimals);
  return `${clock(from)} to ${clock(to)} UTC, ${duration(length)}; TIME_WAIT counts as there`;
}
