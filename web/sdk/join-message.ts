import type { ClientMessageInput, ParticipantInfo } from '../../src/protocol/messages.ts';
import { TokenKeeper, type TokenKeeperOptions } from './token-keeper.ts';
import type { JoinOptions } from './voice-events.ts';

/** What stays the same however often the connection is replaced. */
export interface JoinTarget {
  readonly server: string;
  options: JoinOptions;
  readonly token: TokenKeeper;
  /** Another than that of the options, if a renewed token opens it. */
  room: string;
  resumeToken: string | undefined;
  /** How far the chat is known. */
  chatAfter?: string | undefined;
}

/** @param onRenewed a renewed token opens this room */
export function joinTarget(server: string, options: JoinOptions, { send, onRenewed }: TokenKeeperOptions): JoinTarget {
  const token = new TokenKeeper(options.token, {
    send,
    onRenewed: (text, room) => {
      target.room = room;
      onRenewed(text, room);
    },
  });
  const target: JoinTarget = {
    server,
    options,
    token,
    room: options.room,
    resumeToken: undefined,
  };
  return target;
}

/** How this participant is now, which may differ from the options. */
export interface OwnState {
  readonly muted: boolean;
  readonly deafened: boolean;
  readonly hasMicrophone: boolean;
}

export function joinMessage(target: JoinTarget, own: OwnState): ClientMessageInput {
  const { room, resumeToken, chatAfter } = target;
  const { token } = target.token;
  const { name, password } = target.options;
  // What is undefined is left out of JSON.
  return {
    type: 'join',
    room,
    name,
    ...own,
    batches: true,
    pages: true,
    redirects: true,
    chat: true,
    data: true,
    chatAfter,
    token,
    password,
    resumeToken,
  };
}

/** This participant in the list of the room, before the server has confirmed their own change. */
export function withOwnState(self: ParticipantInfo, { muted, deafened, hasMicrophone }: OwnState): ParticipantInfo {
  const microphone = !hasMicrophone || !self.maySpeak ? 'none' : muted ? 'muted' : 'open';
  return { ...self, muted, deafened, microphone };
}
