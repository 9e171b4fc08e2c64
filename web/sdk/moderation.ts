import type { ClientMessageInput } from '../../src/protocol/messages.ts';

/** Actions for participants who may moderate. The server refuses them from anyone else (`not_allowed`). */
export class Moderation {
  readonly #send: (message: ClientMessageInput) => void;

  constructor(send: (message: ClientMessageInput) => void) {
    this.#send = send;
  }

  /** Mutes someone, or allows them to speak again: they stay muted until they unmute themselves. */
  mute(participantId: string, muted: boolean): void {
    this.#send({ type: 'mute_participant', participantId, muted });
  }

  /** Removes someone from the room. With a time, people who joined with a token are banned that long. */
  kick(participantId: string, banSeconds = 0): void {
    this.#send({ type: 'kick', participantId, banSeconds });
  }

  /** Only moderators can join a locked room. */
  lock(locked: boolean): void {
    this.#send({ type: 'lock', locked });
  }
}
