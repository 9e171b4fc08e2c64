/** A source of sound in a room, as its participant: it can be seen, muted, moved and removed like everybody else. */
import type { Sitter } from '../../media/negotiation.ts';
import type { ParticipantInfo } from '../../protocol/messages.ts';
import type { Admission } from '../../rooms/admission.ts';
import type { EndReason, ParticipantListener, RoomEvent } from '../../rooms/events.ts';
import type { Participant } from '../../rooms/participant.ts';
import type { RoomRegistry } from '../../rooms/registry.ts';

export interface PublisherOptions {
  readonly registry: RoomRegistry;
  readonly admission: Admission;
  readonly room: string;
  /** Unless the token has one. */
  readonly name: string;
  /** The client's address, as limits count it, and for the operator. */
  readonly from: string;
  readonly address: string | null;
  /** Called once, with the reason. */
  readonly ended: (reason: string) => void;
}

/** It hears nothing. */
const SENDS = { muted: false, deafened: true };

export class Publisher implements ParticipantListener {
  readonly address: string | null;
  readonly takesBatches = true;
  readonly sitter: Sitter;
  /** Undefined until it has joined. */
  #participant: Participant | undefined;
  readonly #ended: (reason: string) => void;
  #isOver = false;

  /** Joins. Throws what `RoomRegistry.join` throws. */
  constructor({ registry, admission, room, name, from, address, ended }: PublisherOptions) {
    this.address = address;
    this.#ended = ended;
    const { participant } = registry.join({ room, name, admission, state: SENDS, via: 'whip', from, listener: this });
    this.#participant = participant;
    this.sitter = participant;
  }

  leave(): void {
    this.#leave('left');
  }

  event(...events: readonly RoomEvent[]): void {
    for (const event of events) {
      if (event.type === 'media_closed') queueMicrotask(() => this.#leave('connection_lost'));
      else if (event.type === 'participant_updated') this.#look([event.participant]);
      else if (event.type === 'participants_updated') this.#look(event.participants);
    }
  }

  ended(reason: EndReason): void {
    this.#finish(reason);
  }

  /** Nobody sits there to unmute it, so it speaks again as soon as the moderators allow it. */
  #look(updated: readonly ParticipantInfo[]): void {
    const participant = this.#participant;
    const own = updated.find(({ id }) => id === participant?.id);
    if (participant === undefined || own === undefined || !own.muted || own.mutedByModerator || !own.maySpeak) return;
    // The room is in the middle of telling everyone.
    queueMicrotask(() => {
      const { mutedByModerator, admission } = participant;
      if (!this.#isOver && !mutedByModerator && admission.maySpeak) participant.setState({ muted: false });
    });
  }

  #leave(reason: 'left' | 'connection_lost'): void {
    if (this.#isOver) return;
    this.#finish(reason);
    this.#participant?.leave(reason);
  }

  #finish(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#ended(reason);
  }
}
