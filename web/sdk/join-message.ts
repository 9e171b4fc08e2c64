import type { ClientMessageInput } from '../../src/protocol/messages.ts';
import type { JoinOptions } from './voice-events.ts';

/** What stays the same however often the connection is replaced. */
export interface JoinTarget {
  readonly options: JoinOptions;
  readonly resumeToken: string | undefined;
}

/** @param muted now, which may differ from the options */
export function joinMessage(target: JoinTarget, muted: boolean, deafened: boolean): ClientMessageInput {
  const { options, resumeToken } = target;
  const { room, name, token, password } = options;
  return {
    ...{ type: 'join', room, name, muted, deafened, batches: true },
    ...(token === undefined ? {} : { token }),
    ...(password === undefined ? {} : { password }),
    ...(resumeToken === undefined ? {} : { resumeToken }),
  };
}
