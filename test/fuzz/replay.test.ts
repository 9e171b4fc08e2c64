import { partTargets } from './part-targets.ts';
import { testTarget } from './replay.ts';

for (const target of partTargets) testTarget(target);
