/** All flows over time, on a canvas. A range of it can be marked, which filters the table. */

import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { plural } from '../../../words.ts';
import { draw, type Picture, pictureHeight } from './overview-draw.ts';
import { overviewWords } from './overview-words.ts';
import { RangeInputs } from './range-inputs.tsx';
import { useTheme } from './theme.tsx';
import { axisEnd, crowdOf, type Range, resetsOf, STATES, type Timeline } from './timeline.ts';

interface Props {
  /** null: not ready */
  line: Timeline | null;
  /** the capture's first packet */
  origin: string;
  /** 1 for each flow that matches the filter */
  mask: Uint8Array;
  range: Range | null;
  /** index; -1: none */
  selected: number;
  onRange(range: Range | null): void;
  onSelect(index: number): void;
}

/** Pixels that the pointer moves at least before a range is meant. */
const DRAG = 4;

export function Overview(props: Props): JSX.Element {
  const { line, origin, mask, range, onRange } = props;
  const words = useMemo(() => (line === null ? null : overviewWords(line, mask, origin)), [line, mask]);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Escape' || range === null) return;
    event.preventDefault();
    onRange(null);
  };
  return (
    <section class="overview" aria-labelledby="overview-title" onKeyDown={onKeyDown}>
      <h3 id="overview-title">
        Over time <small>{words?.caption}</small>
      </h3>
      <div class="canvas-frame" style={{ height: `${pictureHeight(mask.length)}px` }}>
        {line === null ? null : <Canvas {...props} line={line} label={words?.label ?? ''} />}
      </div>
      <ul class="time-legend">
        {STATES.filter((_, state) => words?.states.has(state)).map((state) => (
          <li key={state}>
            <i class={`key ${state.toLowerCase().replaceAll('_', '-')}`} />
            {state}
          </li>
        ))}
        {words?.hatched === true ? (
          <li>
            <i class="key hatched" />
            assumed or inferred
          </li>
        ) : null}
        {words?.resets === true ? (
          <li>
            <b class="rst-key">×</b> ended by an RST
          </li>
        ) : null}
        {words?.filtered === true ? (
          <li>
            <i class="key faint" />
            not in the filter
          </li>
        ) : null}
        <li>
          <i class="key capture-end" />
          the capture ends
        </li>
      </ul>
      <RangeInputs origin={origin} range={range} most={line === null ? 0 : line.last} onRange={onRange} />
    </section>
  );
}

interface CanvasProps extends Props {
  line: Timeline;
  label: string;
}

function Canvas({ line, origin, mask, range, selected, onRange, onSelect, label }: CanvasProps): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [width, resized] = useState(0);
  const picture = useRef<Picture | null>(null);
  const theme = useTheme();
  const [drag, dragTo] = useState<Range | null>(null);
  const begun = useRef<number | null>(null);
  useEffect(() => {
    const element = canvas.current!;
    const observer = new ResizeObserver(() => resized(element.clientWidth));
    observer.observe(element);
    resized(element.clientWidth);
    return () => observer.disconnect();
  }, []);
  const crowds = useMemo(() => {
    const buckets = Math.max(1, Math.round(width / 2));
    return {
      matched: crowdOf(line, mask, 1, buckets),
      other: crowdOf(line, mask, 0, buckets),
      resets: resetsOf(line, mask, buckets),
    };
  }, [line, mask, width]);
  useEffect(() => {
    if (width > 0) picture.current = draw(canvas.current!, { line, origin, mask, crowds, selected });
  }, [crowds, selected, theme]);

  const seconds = (x: number) => (Math.min(width, Math.max(0, x)) / width) * axisEnd(line);
  const between = (a: number, b: number): Range => ({ from: seconds(Math.min(a, b)), to: seconds(Math.max(a, b)) });
  const shown = drag ?? range;
  return (
    <>
      <canvas
        ref={canvas}
        role="img"
        aria-label={label}
        onPointerDown={(event) => {
          if (event.button !== 0) return;
          begun.current = event.offsetX;
          event.currentTarget.setPointerCapture(event.pointerId);
        }}
        onPointerMove={(event) => {
          const from = begun.current;
          if (from !== null && Math.abs(event.offsetX - from) >= DRAG) dragTo(between(from, event.offsetX));
        }}
        onPointerUp={(event) => {
          const from = begun.current;
          begun.current = null;
          if (drag !== null && from !== null) onRange(between(from, event.offsetX));
          else if (from !== null) {
            const index = picture.current?.flowAt(event.offsetY) ?? -1;
            if (index >= 0) onSelect(index);
          }
          dragTo(null);
        }}
        onPointerCancel={() => {
          begun.current = null;
          dragTo(null);
        }}
      />
      {shown === null || width === 0 ? null : (
        <div
          class="brush"
          title={plural(shown.to - shown.from, 'second')}
          style={{
            left: `${(shown.from / axisEnd(line)) * 100}%`,
            width: `${((Math.min(shown.to, axisEnd(line)) - Math.min(shown.from, axisEnd(line))) / axisEnd(line)) * 100}%`,
          }}
        />
      )}
    </>
  );
}
