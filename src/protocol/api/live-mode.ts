import { z } from 'zod';

export const LIVE_MODES = ['off', 'on', 'token', 'public'] as const;

/** Who may listen to a room over HTTP. */
export const liveMode = z
  .enum(LIVE_MODES)
  .describe(
    'Who may listen over HTTP. `on`: anyone who may join without a password or a token, and everyone with a token. `token`: only with a token. `public`: anyone, even if joining needs a password or a token.',
  );

export type LiveMode = z.output<typeof liveMode>;
