import type { ClientMessageInput, ParticipantInfo } from '../../src/protocol/messages.ts';
import type { JoinOptions } from './voice-events.ts';

/** What stays the same however often the connection is replaced. */
export interface JoinTarget {
  readonly options: JoinOptions;
  readonly resumeToken: string | undefined;
}

/** How this participant is now, which may differ from the options. */
export interface OwnState {
  readonly muted: boolean;
  readonly deafened: boolean;
  readonly hasMicrophone: boolean;
}

export function joinMessage(target: JoinTarget, own: OwnState): ClientMessageInput {
  const { options, resumeToken } = target;
  const { room, name, token, password } = options;
  return {
    ...{ type: 'join', room, name, ...own, batches: true },
    ...(token === undefined ? {} : { token }),
    ...(password === undefined ? {} : { password }),
    ...(resumeToken === undefined ? {} : { resumeToken }),
  };
}

/** This participant in the list of the room, before the server has confirmed their own change. */
export function withOwnState(self: ParticipantInfo, { muted, deafened, hasMicrophone }: OwnState): ParticipantInfo {
  const microphone = !hasMicrophone || !self.maySpeak ? 'none' : muted ? 'muted' : 'open';
  return { ...self, muted, deafened, microphone };
}
