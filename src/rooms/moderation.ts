import type { Logger } from 'pino';
import { AppError } from '../lib/errors.ts';
import type { Admission } from './admission.ts';
import { type BanList, personKey } from './ban-list.ts';
import type { RoomEvent } from './events.ts';
import { CLOCK_TOLERANCE_S, RENEWED_LIFETIME_MS } from './join-token.ts';
import type { Participant } from './participant.ts';
import type { Decisions } from './ports.ts';
import { RESUME_LIFETIME_MS } from './resume-token.ts';

/** An action of a moderator. */
export type ModeratorAction =
  /**
   * Muted: nobody hears the participant, who cannot change that. Not muted: the participant may unmute but stays muted
   * until then.
   */
  | { readonly type: 'mute_participant'; readonly participantId: string; readonly muted: boolean }
  /** Removes the participant; with `banSeconds`, the identity is banned for that time. */
  | { readonly type: 'kick'; readonly participantId: string; readonly banSeconds: number }
  /** Locked: only moderators can join. */
  | { readonly type: 'lock'; readonly locked: boolean }
  /** Muted: the participant cannot write in the chat. */
  | { readonly type: 'mute_chat'; readonly participantId: string; readonly muted: boolean }
  /** How long one person waits between two lines of the chat; 0: not at all. */
  | { readonly type: 'slow_mode'; readonly seconds: number };

export interface ModerationOptions {
  /** As `roomKey` returns it. */
  readonly room: string;
  readonly participants: ReadonlyMap<string, Participant>;
  readonly bans: BanList;
  readonly tellAll: (event: RoomEvent) => void;
  readonly setSlowMode: (seconds: number) => void;
  /** As they were when the server last ran. */
  readonly decisions?: Decisions | undefined;
  /** After each action. */
  readonly decided: (action: ModeratorAction) => void;
  readonly log: Logger;
}

const MAX_MUTED_IDENTITIES = 10_000;

/** The decisions of one room's moderators. Except for bans, they are forgotten when the room closes. */
export class Moderation {
  readonly #options: ModerationOptions;
  readonly #mutedIdentities: Set<string>;
  readonly #mutedInChat: Set<string>;
  /** The ids of people whose shared sounds are muted. */
  readonly #mutedSounds = new Set<string>();
  #locked: boolean;

  constructor(options: ModerationOptions) {
    this.#options = options;
    const { locked = false, muted = [], mutedInChat = [] } = options.decisions ?? {};
    this.#locked = locked;
    this.#mutedIdentities = new Set(muted);
    this.#mutedInChat = new Set(mutedInChat);
  }

  get locked(): boolean {
    return this.#locked;
  }

  get decisions(): Decisions {
    return { locked: this.#locked, muted: [...this.#mutedIdentities], mutedInChat: [...this.#mutedInChat] };
  }

  /**
   * Throws `room_locked`. Moderators may join, because otherwise nobody could unlock a room whose moderators have left.
   */
  checkNewcomer({ mayModerate }: Admission): void {
    if (this.#locked && !mayModerate) throw new AppError('room_locked');
  }

  /** A mute persists when an identity leaves and comes back, and when the server of a guest dies. */
  isMuted({ identity }: Admission, id: string): boolean {
    return this.#mutedIdentities.has(personKey({ id, identity }));
  }

  /** Whether a sound that this participant begins to share is muted, because the last one was, or they are. */
  isSoundMuted({ id, mutedByModerator }: Participant): boolean {
    return mutedByModerator || this.#mutedSounds.has(id);
  }

  /** The same for the chat. */
  isMutedInChat({ identity }: Admission, id: string): boolean {
    return this.#mutedInChat.has(personKey({ id, identity }));
  }

  /** Somebody comes from another room: what was decided about their identity here applies again. */
  remind(participant: Participant): void {
    if (this.isMuted(participant.admission, participant.id)) participant.setMutedByModerator(true);
    if (this.isMutedInChat(participant.admission, participant.id)) participant.setMutedInChat(true);
  }

  /** A guest who has left cannot come back as the same person. */
  left({ id, admission: { identity } }: Participant): void {
    if (identity !== null) return;
    for (const muted of [this.#mutedIdentities, this.#mutedInChat]) muted.delete(personKey({ id, identity }));
  }

  /** Throws `not_allowed` or `unknown_participant`. */
  act(moderator: Participant, action: ModeratorAction): void {
    if (!moderator.mayModerate) throw new AppError('not_allowed');
    this.apply(action, moderator);
  }

  /** `by` is for the log and the list of bans; null: the operator. Throws `unknown_participant`. */
  apply(action: ModeratorAction, by: Participant | null): void {
    switch (action.type) {
      case 'mute_participant':
        this.#mute(this.#participant(action.participantId), action.muted);
        break;
      case 'kick':
        this.#kick(this.#participant(action.participantId), action.banSeconds, by);
        break;
      case 'lock':
        if (action.locked === this.#locked) return;
        this.#lock(action.locked);
        break;
      case 'mute_chat': {
        const participant = this.#participant(action.participantId);
        remember(this.#mutedInChat, participant, action.muted);
        participant.setMutedInChat(action.muted);
        break;
      }
      case 'slow_mode':
        this.#options.setSlowMode(action.seconds);
        break;
    }
    this.#options.log.info({ moderator: by?.id ?? 'operator', ...action }, 'moderated');
    this.#options.decided(action);
  }

  #mute(participant: Participant, muted: boolean): void {
    remember(this.#mutedIdentities, participant, muted);
    participant.setMutedByModerator(muted);
    const { id, owner } = participant;
    if (owner !== undefined) {
      if (!muted) this.#mutedSounds.delete(owner.id);
      else if (this.#mutedSounds.size < MAX_MUTED_IDENTITIES) this.#mutedSounds.add(owner.id);
    } else if (muted) {
      // They could speak through it.
      for (const sound of this.#options.participants.values())
        if (sound.owner?.id === id) sound.setMutedByModerator(true);
    }
  }

  #kick(participant: Participant, banSeconds: number, by: Participant | null): void {
    const { room, bans } = this.#options;
    const { id, name } = participant;
    const { identity } = participant.admission;
    bans.removed(room, personKey({ id, identity: null }), RESUME_LIFETIME_MS);
    if (identity !== null) bans.removed(room, identity, RENEWED_LIFETIME_MS + CLOCK_TOLERANCE_S * 1000);
    const isBanned = identity !== null && banSeconds > 0;
    if (isBanned) bans.add({ room, identity, name, by: by?.admission.identity ?? null, durationMs: banSeconds * 1000 });
    participant.kick(isBanned ? banSeconds * 1000 : undefined);
  }

  #lock(locked: boolean): void {
    this.#locked = locked;
    this.#options.tellAll({ type: 'room_updated', locked });
  }

  #participant(id: string): Participant {
    const participant = this.#options.participants.get(id);
    if (participant === undefined) throw new AppError('unknown_participant');
    return participant;
  }
}

function remember(people: Set<string>, { id, admission: { identity }, owner }: Participant, muted: boolean): void {
  if (owner !== undefined) return;
  const person = personKey({ id, identity });
  if (!muted) people.delete(person);
  else if (people.size < MAX_MUTED_IDENTITIES) people.add(person);
}
