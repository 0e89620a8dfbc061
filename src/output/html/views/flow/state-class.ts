import type { TcpState } from '../../../../report/types.ts';

/** The class that gives an element a state's colours, as variables: --state, and --on for words on it. */
export function stateClass(state: TcpState): string {
  return `s-${state.toLowerCase().replaceAll('_', '-')}`;
}
