/** How the parts of charts are told apart: by colour and by hatching. In Node and in the browser. */

/** A tile of 8 by 8 that is repeated, as a path. */
export const HATCHES = {
  plain: '',
  slash: 'M-2 2L2-2M0 8L8 0M6 10L10 6',
  backslash: 'M-2 6L2 10M0 0L8 8M6-2L10 2',
  dots: 'M1 2h2M5 6h2',
  rows: 'M0 4h8',
  grid: 'M0 4h8M4 0v8',
  crosses: 'M2 2l4 4M6 2l-4 4',
} as const;

export interface Fill {
  /** custom properties of the style sheet */
  color: string;
  mark: string;
  hatch: keyof typeof HATCHES;
}

export const FILLS = {
  red: { color: '--time-wait', mark: '--on-dark', hatch: 'plain' },
  orange: { color: '--fin-wait-2', mark: '--on-light', hatch: 'slash' },
  sky: { color: '--close-wait', mark: '--on-light', hatch: 'dots' },
  blue: { color: '--last-ack', mark: '--on-dark', hatch: 'backslash' },
  green: { color: '--syn', mark: '--on-light', hatch: 'rows' },
  yellow: { color: '--fin-wait-1', mark: '--on-light', hatch: 'crosses' },
  purple: { color: '--closing', mark: '--on-dark', hatch: 'slash' },
  grey: { color: '--established', mark: '--on-light', hatch: 'grid' },
  crossed: { color: '--bg', mark: '--fg', hatch: 'crosses' },
  hollow: { color: '--bg', mark: '--fg', hatch: 'plain' },
} as const satisfies Record<string, Fill>;

export type FillName = keyof typeof FILLS;

/** Of the series of a stack, the last for what is left. */
const STACK: readonly FillName[] = ['red', 'orange', 'sky', 'blue', 'green'];
const REST: FillName = 'grey';

/** Of a stack's series. */
export function stackFill(index: number, isRest: boolean): FillName {
  return isRest ? REST : STACK[index % STACK.length]!;
}
