import { partTargets } from './part-targets.ts';
import type { FuzzTarget } from './target.ts';
import { api } from './targets/api.ts';

/** Everything that reads bytes from the network. */
export const targets: readonly FuzzTarget[] = [...partTargets, api];
