import type { ClientMessageInput } from '../../src/protocol/messages.ts';

/** What a participant does who may moderate. Of anybody else the server takes none of it (`not_allowed`). */
export class Moderation {
  readonly #send: (message: ClientMessageInput) => void;

  constructor(send: (message: ClientMessageInput) => void) {
    this.#send = send;
  }

  /** Takes somebody's voice, or gives back the right to it: they stay muted until they unmute themselves. */
  mute(participantId: string, muted: boolean): void {
    this.#send({ type: 'mute_participant', participantId, muted });
  }

  /** Puts somebody out of the room. With a time they do not get in again so long, if they came with a token. */
  kick(participantId: string, banSeconds = 0): void {
    this.#send({ type: 'kick', participantId, banSeconds });
  }

  /** Nobody new gets into a locked room, but moderators. */
  lock(locked: boolean): void {
    this.#send({ type: 'lock', locked });
  }
}
