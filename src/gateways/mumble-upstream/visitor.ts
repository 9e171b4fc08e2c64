/** A user of another Mumble server as a participant of a room that is coupled with their channel. */
import type { Clock } from '../../lib/clock.ts';
import { AppError } from '../../lib/errors.ts';
import type { Admission } from '../../rooms/admission.ts';
import type { EndReason, RoomEvent } from '../../rooms/events.ts';
import { MAX_NAME_CHARACTERS, participantName } from '../../rooms/names.ts';
import type { Participant } from '../../rooms/participant.ts';
import type { RoomRegistry } from '../../rooms/registry.ts';
import { Membership } from '../mumble/shared/membership.ts';
import type { ReceivedVoice } from '../mumble/wire/voice-packet.ts';
import type { ServerUser } from './server-roster.ts';

export interface VisitorOptions {
  readonly registry: RoomRegistry;
  readonly room: string;
  /** Null: they are a guest. */
  readonly identity: string | null;
  readonly clock: Clock;
  readonly events: {
    event(event: RoomEvent): void;
    /** They have another seat. */
    seated(): void;
    /** They are no longer in the room. At most once, and not after `leave`. */
    ended(reason: EndReason | 'connection_lost'): void;
  };
}

export class Visitor {
  readonly #membership: Membership;
  #user: ServerUser;

  /** Joins. Throws what `RoomRegistry.join` throws. */
  constructor(user: ServerUser, { registry, room, identity, clock, events }: VisitorOptions) {
    const admission: Admission = { identity, name: null, maySpeak: true, mayModerate: false, mayChat: true };
    this.#user = user;
    this.#membership = new Membership({
      registry,
      admission,
      room,
      name: shownName(user),
      from: undefined,
      address: null,
      clock,
      state: { muted: isMuted(user), deafened: user.isDeaf },
      events: {
        event: (event) => events.event(event),
        ended: (reason) => events.ended(reason),
        mix: () => {},
        seated: () => events.seated(),
      },
    });
  }

  get participant(): Participant {
    return this.#membership.participant;
  }

  get user(): ServerUser {
    return this.#user;
  }

  /** They are like this now. */
  update(user: ServerUser): void {
    const before = this.#user;
    this.#user = user;
    if (isMuted(user) === isMuted(before) && user.isDeaf === before.isDeaf) return;
    this.#membership.setState({ selfMute: isMuted(user), selfDeaf: user.isDeaf });
  }

  receive(voice: Readonly<ReceivedVoice>, nowMs: number): void {
    this.#membership.receive(voice, nowMs);
  }

  /** Call about once a second. */
  look(): void {
    this.#membership.takeSeat();
  }

  leave(reason: 'left' | 'connection_lost'): void {
    this.#membership.leave(reason);
  }
}

/** Whoever hears the room is shown in it, also under a name that nobody could have here. */
export function shownName({ name, session }: Pick<ServerUser, 'name' | 'session'>): string {
  const beginning = [...name].slice(0, MAX_NAME_CHARACTERS).join('');
  try {
    return participantName(beginning);
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
    return `Mumble ${session}`;
  }
}

function isMuted({ selfMute, mute, suppress }: ServerUser): boolean {
  return selfMute || mute || suppress;
}
