/** The stories of fixtures/stories that this rig makes. */

import type { Scenario } from '../rig.ts';
import { RESTARTS } from './restarts.ts';
import { SILENCE } from './silence.ts';

export const STORIES: readonly Scenario[] = [...RESTARTS, ...SILENCE];
