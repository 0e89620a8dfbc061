/** What is said between us and the process that has cap. */

import type { Wanted } from './capture.ts';

export type CapTask = Wanted;

/** Its only argument in place of a task: it writes the interfaces as JSON. */
export const CAP_LIST = 'interfaces';

/** Lines on its standard error, or how they begin. */
export const CAP_WORDS = {
  begun: 'listening',
  captured: 'captured ',
  absent: 'cap does not load: ',
  filter: 'wrong filter: ',
} as const;

/** An interface as cap lists it. */
export interface CapDevice {
  name: string;
  description?: string;
  addresses: { addr?: string }[];
  flags?: string;
}
