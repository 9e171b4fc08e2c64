import { createHash } from 'node:crypto';
import { AppError } from '../lib/errors.ts';
import type { LimitCounts } from '../lib/rates/limit-counts.ts';
import type { Admission } from './admission.ts';
import { Companions } from './companions.ts';
import type { Participant } from './participant.ts';
import type { Resumed } from './resume-token.ts';
import type { JoinOptions } from './room-options.ts';

/** Under what somebody is found, besides their id. It stays the same as long as they are in the room. */
interface Keys {
  readonly token: string;
  /** Null for guests. */
  readonly identity: string | null;
}

/** Everyone in a room: people, and what they share beside their voices. */
export class RoomMembers {
  /** In order of arrival. */
  readonly byId = new Map<string, Participant>();
  readonly companions = new Companions();
  readonly #keysOf = new Map<string, Keys>();
  /** By the digest of the resume token, so that the time of a search says nothing about a token. */
  readonly #byToken = new Map<string, Participant>();
  readonly #byIdentity = new Map<string, Participant>();

  /** Number of people. */
  get size(): number {
    return this.byId.size - this.companions.size;
  }

  get people(): readonly Participant[] {
    return [...this.byId.values()].filter(({ owner }) => owner === undefined);
  }

  /** Takes the place of whoever has the same id. */
  add(participant: Participant): void {
    const { id, resumeToken, admission } = participant;
    const keys = { token: digestOf(resumeToken), identity: admission.identity };
    this.byId.set(id, participant);
    this.#keysOf.set(id, keys);
    this.#byToken.set(keys.token, participant);
    if (keys.identity !== null) this.#byIdentity.set(keys.identity, participant);
    this.companions.add(participant);
  }

  delete(participant: Participant): void {
    const { id } = participant;
    const keys = this.#keysOf.get(id);
    this.byId.delete(id);
    this.#keysOf.delete(id);
    this.#byToken.delete(keys?.token ?? '');
    // Somebody else may have taken over the identity.
    if (keys?.identity && this.#byIdentity.get(keys.identity) === participant) this.#byIdentity.delete(keys.identity);
    this.companions.delete(participant);
  }

  /** The participant, or what they share, with this resume token, if any. */
  holderOfToken(token: string | undefined): Participant | undefined {
    return token === undefined ? undefined : this.#byToken.get(digestOf(token));
  }

  /** The same for people alone. */
  personWith(token: string | undefined): Participant | undefined {
    const holder = this.holderOfToken(token);
    return holder?.owner === undefined ? holder : undefined;
  }

  /**
   * The participant with the same identity, if any. An identity can be in a room only once: joining again, for example
   * from a reloaded page, takes over its own place.
   */
  holderOfIdentity({ identity }: Admission): Participant | undefined {
    return identity === null ? undefined : this.#byIdentity.get(identity);
  }

  /** Whether somebody has their identity or, as they came from another server twice, their id. */
  isThere({ id, admission }: Participant): boolean {
    return this.byId.has(id) || this.holderOfIdentity(admission) !== undefined;
  }

  /** Whose place somebody takes who joins: their own. */
  previous(
    { admission, owner }: Pick<JoinOptions, 'admission' | 'owner'>,
    before: Resumed | undefined,
  ): Participant | undefined {
    if (owner !== undefined) return this.companions.of(owner);
    return this.byId.get(before?.id ?? '') ?? this.holderOfIdentity(admission);
  }

  /** Throws `room_full`, or `too_many_shares` for a companion. */
  checkPlaceFor(owner: unknown, maxPeople: number, limitCounts: LimitCounts): void {
    if (owner !== undefined) {
      this.companions.checkPlace();
    } else if (this.size >= maxPeople) {
      limitCounts.hit('participants_per_room');
      throw new AppError('room_full');
    }
  }
}

function digestOf(token: string): string {
  return createHash('sha256').update(token).digest('base64');
}
