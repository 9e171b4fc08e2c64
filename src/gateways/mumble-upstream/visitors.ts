/** The users of a Mumble channel who are participants of the room that is coupled with it. */
import type { Millis } from '../../lib/clock.ts';
import { AppError, type ErrorCode } from '../../lib/errors.ts';
import { TokenBucket } from '../../lib/rates/token-bucket.ts';
import type { RoomEvent } from '../../rooms/events.ts';
import { roomKey } from '../../rooms/names.ts';
import type { Participant } from '../../rooms/participant.ts';
import type { ReceivedVoice } from '../mumble/wire/voice-packet.ts';
import type { ServerUser } from './server-roster.ts';
import type { Upstream } from './upstream.ts';
import { Visitor } from './visitor.ts';

export interface VisitorsEvents {
  /** Something has happened in the room; of everybody's visitors one reports it. */
  roomEvent(event: RoomEvent): void;
  /** One visitor was told something that is only for them. */
  told(visitor: Visitor, event: RoomEvent): void;
  /** Somebody new is in the room. */
  came(visitor: Visitor): void;
  /** Whoever is heard has changed. */
  changed(): void;
}

/** How long somebody new waits while clients of ours are coming in. */
const PENDING_MS: Millis = 2000;
/** How long somebody who could not join waits for the next attempt. */
const RETRY_MS: Millis = 5000;

/** Everybody in the room is told of each. All of a large channel come at once. */
const JOINS = { perSecond: 20, burst: 500 } as const;

interface Refusal {
  readonly code: ErrorCode;
  readonly untilMs: Millis;
}

/** Nobody has to be deaf for a moment, while a room is opened anew. */
const UNWANTED: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['kicked', 'room_full']);

/** They do not come back by staying in the channel. */
const KICKED: Refusal = { code: 'kicked', untilMs: Number.POSITIVE_INFINITY };

export class Visitors {
  readonly #room: string;
  readonly #upstream: Upstream;
  readonly #events: VisitorsEvents;
  /** By session. */
  readonly #visitors = new Map<number, Visitor>();
  readonly #byParticipant = new Map<string, Visitor>();
  readonly #refused = new Map<number, Refusal>();
  /** Since when users are seen who may be our own. */
  readonly #seen = new Map<number, Millis>();
  readonly #joins: TokenBucket;

  constructor(room: string, upstream: Upstream, events: VisitorsEvents) {
    this.#room = room;
    this.#upstream = upstream;
    this.#events = events;
    this.#joins = new TokenBucket({ ...JOINS, now: upstream.options.clock.now() });
  }

  get all(): Iterable<Visitor> {
    return this.#visitors.values();
  }

  of(session: number): Visitor | undefined {
    return this.#visitors.get(session);
  }

  byParticipant(participantId: string): Visitor | undefined {
    return this.#byParticipant.get(participantId);
  }

  has({ id }: Participant): boolean {
    return this.#byParticipant.has(id);
  }

  get size(): number {
    return this.#visitors.size;
  }

  /** Somebody hears the room who may not be in it, because it is locked, or is not in it yet. */
  get hasStranger(): boolean {
    for (const { code } of this.#refused.values()) if (code === 'room_locked' || code === 'rate_limited') return true;
    return false;
  }

  /** Whether somebody hears the channel whom the room does not want, or has no place for. */
  isUnwanted(session: number): boolean {
    const refusal = this.#refused.get(session);
    return refusal !== undefined && UNWANTED.has(refusal.code);
  }

  /**
   * These users hear the channel.
   * @param takesNew false: nobody new comes in
   */
  set(users: ReadonlyMap<number, ServerUser>, takesNew: boolean): void {
    for (const [session, visitor] of this.#visitors) {
      const user = users.get(session);
      // A name does not change under a participant.
      if (user !== undefined && user.name === visitor.user.name) visitor.update(user);
      else this.#remove(session, visitor, 'left');
    }
    for (const session of this.#seen.keys()) if (!users.has(session)) this.#seen.delete(session);
    for (const session of this.#refused.keys()) if (!users.has(session)) this.#refused.delete(session);
    if (!takesNew) return;
    for (const user of users.values()) if (!this.#visitors.has(user.session)) this.#add(user);
  }

  receive(session: number, voice: Readonly<ReceivedVoice>, nowMs: Millis): void {
    this.#visitors.get(session)?.receive(voice, nowMs);
  }

  /** Call about once a second. */
  look(): void {
    for (const visitor of this.#visitors.values()) visitor.look();
  }

  /** Nobody is seen any more. */
  clear(reason: 'left' | 'connection_lost'): void {
    for (const [session, visitor] of [...this.#visitors]) this.#remove(session, visitor, reason);
    this.#refused.clear();
    this.#seen.clear();
  }

  #add(user: ServerUser): void {
    const { registry, access, clock } = this.#upstream.options;
    const { session } = user;
    const nowMs = clock.now();
    if (nowMs < (this.#refused.get(session)?.untilMs ?? 0)) return;
    // It may be a client of ours that the server knows by another name, and that does not know its number yet.
    if (this.#upstream.isAnyPending && nowMs - this.#seenSince(session, nowMs) < PENDING_MS) return;
    if (!this.#joins.has(nowMs)) {
      // Until the next look.
      this.#refused.set(session, { code: 'rate_limited', untilMs: nowMs });
      return;
    }
    try {
      const identity = this.#identityOf(user);
      if (identity !== null) access.bans.checkIdentity(roomKey(this.#room), identity);
      const visitor: Visitor = new Visitor(user, {
        registry,
        room: this.#room,
        identity,
        clock,
        events: {
          event: (event) => this.#tell(visitor, event),
          seated: () => this.#events.changed(),
          ended: (reason) => {
            if (this.#visitors.get(session) !== visitor) return;
            this.#visitors.delete(session);
            this.#byParticipant.delete(visitor.participant.id);
            if (reason === 'kicked') this.#refused.set(session, KICKED);
            else this.#refused.set(session, { code: 'room_closed', untilMs: clock.now() + RETRY_MS });
            this.#events.changed();
          },
        },
      });
      this.#joins.take(nowMs);
      this.#refused.delete(session);
      this.#visitors.set(session, visitor);
      this.#byParticipant.set(visitor.participant.id, visitor);
      this.#events.came(visitor);
    } catch (thrown) {
      if (!(thrown instanceof AppError)) throw thrown;
      this.#refused.set(session, { code: thrown.code, untilMs: nowMs + RETRY_MS });
    }
  }

  #seenSince(session: number, nowMs: Millis): Millis {
    const sinceMs = this.#seen.get(session) ?? nowMs;
    this.#seen.set(session, sinceMs);
    return sinceMs;
  }

  #remove(session: number, visitor: Visitor, reason: 'left' | 'connection_lost'): void {
    this.#visitors.delete(session);
    this.#byParticipant.delete(visitor.participant.id);
    visitor.leave(reason);
  }

  /** By their certificate; the second of two users with the same one is a guest, or each would take the other's place. */
  #identityOf({ hash }: ServerUser): string | null {
    if (hash === '') return null;
    const identity = `mumble-server:${hash}`;
    for (const { participant } of this.#visitors.values()) if (participant.admission.identity === identity) return null;
    return identity;
  }

  /** A visitor was moved to another room, which they would not hear, and which this channel would be told of. */
  #moved(visitor: Visitor): void {
    const { session } = visitor.user;
    if (this.#visitors.get(session) !== visitor) return;
    this.#remove(session, visitor, 'left');
    this.#refused.set(session, KICKED);
    this.#events.changed();
  }

  #tell(visitor: Visitor, event: RoomEvent): void {
    if (event.type === 'moved') {
      // The rooms are in the middle of moving them.
      queueMicrotask(() => this.#moved(visitor));
      return;
    }
    if (event.type === 'said' && event.to !== null) {
      this.#events.told(visitor, event);
      return;
    }
    // All are told the same; while the first one joins, there is no other.
    const [first = visitor] = this.#visitors.values();
    if (first === visitor) this.#events.roomEvent(event);
  }
}
