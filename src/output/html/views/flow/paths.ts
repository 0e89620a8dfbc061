/** Shapes as SVG paths. They are drawn line by line: a pattern would need an id, and the same flow can stand on a page twice. */

/** Height of a tooth of a ragged edge, and how far it stands out. */
const TEETH = 4;
const DEPTH = 6;
/** Between two lines of a hatching, along the bar. */
const HATCH = 7;

function n(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** A rectangle of which the edges that nobody saw are ragged. */
export function barPath(
  x: number,
  y: number,
  width: number,
  height: number,
  ragged: { left: boolean; right: boolean },
): string {
  const step = height / TEETH / 2;
  const depth = Math.min(DEPTH, width / 3);
  const down = Array.from({ length: TEETH }, () => `l${n(-depth)} ${n(step)}l${n(depth)} ${n(step)}`).join('');
  const up = Array.from({ length: TEETH }, () => `l${n(depth)} ${n(-step)}l${n(-depth)} ${n(-step)}`).join('');
  return `M${n(x)} ${n(y)}h${n(width)}${ragged.right ? down : `v${n(height)}`}h${n(-width)}${ragged.left ? up : ''}z`;
}

/** Slanting lines inside of a rectangle. @param rising from bottom left to top right; else falling */
export function hatchPath(x: number, y: number, width: number, height: number, rising: boolean): string {
  const lines: string[] = [];
  for (let start = HATCH - height; start < width; start += HATCH) {
    // Along the lower edge for rising lines, the upper one for falling ones; cut off at both sides.
    const [from, to] = [Math.max(0, start), Math.min(width, start + height)];
    if (to - from < 1) continue;
    const [far, near] = [from - start, to - start];
    const at = (down: number): number => (rising ? y + height - down : y + down);
    lines.push(`M${n(x + from)} ${n(at(far))}L${n(x + to)} ${n(at(near))}`);
  }
  return lines.join('');
}

/** Two crossing strokes about a point. */
export function crossPath(x: number, y: number, size: number): string {
  return `M${n(x - size)} ${n(y - size)}l${2 * size} ${2 * size}M${n(x + size)} ${n(y - size)}l${-2 * size} ${2 * size}`;
}
