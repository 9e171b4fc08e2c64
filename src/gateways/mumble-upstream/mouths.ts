/** The people of one room who have a client of their own on another Mumble server. */
import type { Millis } from '../../lib/clock.ts';
import type { Participant } from '../../rooms/participant.ts';
import { REJECT } from '../mumble/wire/messages.ts';
import { Mouth, type MouthEvents } from './mouth.ts';
import type { ClientEnd } from './server-client.ts';
import type { Upstream } from './upstream.ts';

export interface MouthsEvents {
  changed(): void;
  text(mouth: Mouth, text: Parameters<MouthEvents['text']>[0]): void;
  moved(participant: Participant, channelId: number): void;
  /** Somebody on the server has removed them. */
  removed(participant: Participant): void;
}

/** Left for clients that listen for rooms. */
const SPARE_CONNECTIONS = 1;
/** Places on the server that we leave to others. */
const SPARE_PLACES = 2;
const FULL_MS: Millis = 60_000;
const LOST_MS: Millis = 10_000;
const REFUSED_MS: Millis = 600_000;
/** Names that are tried for one person. */
const MAX_NAMES = 3;
const NAME_TYPES: ReadonlySet<number> = new Set([REJECT.invalidName, REJECT.wrongUserPassword, REJECT.nameInUse]);

interface Wait {
  untilMs: Millis;
  names: number;
}

/** What is known of the server. */
export interface ServerView {
  readonly channelId: number;
  /** Users of the server who are not ours. */
  readonly others: number;
  /** 0: no limit. */
  readonly maxUsers: number;
  /** Whether somebody there has this name, in lower case. */
  readonly isTaken: (name: string) => boolean;
}

export class Mouths {
  readonly #upstream: Upstream;
  readonly #events: MouthsEvents;
  readonly #mouths = new Map<Participant, Mouth>();
  readonly #waits = new WeakMap<Participant, Wait>();

  constructor(upstream: Upstream, events: MouthsEvents) {
    this.#upstream = upstream;
    this.#events = events;
  }

  get all(): Iterable<Mouth> {
    return this.#mouths.values();
  }

  /** Their client, if it is in the channel. */
  of(participant: Participant): Mouth | undefined {
    const mouth = this.#mouths.get(participant);
    return mouth?.isIn ? mouth : undefined;
  }

  /** The same by their id. */
  byParticipant(id: string): Mouth | undefined {
    for (const [participant, mouth] of this.#mouths) if (participant.id === id && mouth.isIn) return mouth;
    return undefined;
  }

  /** Gives as many of these people a client as the server takes. Call it about once a second, and when people change. */
  set(people: ReadonlySet<Participant>, server: ServerView | undefined): void {
    for (const [participant, mouth] of this.#mouths) {
      if (people.has(participant)) {
        mouth.look();
        continue;
      }
      mouth.close();
      this.#mouths.delete(participant);
    }
    if (server === undefined) return;
    for (const participant of people) if (!this.#mouths.has(participant) && !this.#open(participant, server)) return;
  }

  /** Idempotent. */
  close(): void {
    for (const mouth of this.#mouths.values()) mouth.close();
    this.#mouths.clear();
  }

  /** False if there is no place for anybody else now. */
  #open(participant: Participant, { channelId, others, maxUsers, isTaken }: ServerView): boolean {
    const { budget, names, options, hasPlace, size } = this.#upstream;
    const wait = this.#waits.get(participant);
    if (wait !== undefined && options.clock.now() < wait.untilMs) return true;
    const isFull = maxUsers > 0 && others + size + SPARE_PLACES >= maxUsers;
    if (!hasPlace || isFull || !budget.take(SPARE_CONNECTIONS)) return false;
    const tried = wait?.names ?? 0;
    const wanted = tried === 0 ? participant.name : `${participant.name}_${tried + 1}`;
    const mouth = new Mouth(participant, channelId, names.take(wanted, isTaken), this.#upstream, {
      changed: () => this.#events.changed(),
      text: (text) => this.#events.text(mouth, text),
      moved: (to) => {
        if (this.#mouths.get(participant) === mouth) this.#events.moved(participant, to);
      },
      ended: (end) => this.#ended(mouth, end),
    });
    this.#mouths.set(participant, mouth);
    return true;
  }

  #ended(mouth: Mouth, end: ClientEnd): void {
    const { participant } = mouth;
    if (this.#mouths.get(participant) !== mouth) return;
    this.#mouths.delete(participant);
    const { budget, options } = this.#upstream;
    const names = this.#waits.get(participant)?.names ?? 0;
    const isName = end.why === 'rejected' && NAME_TYPES.has(end.type) && names + 1 < MAX_NAMES;
    this.#waits.set(participant, {
      untilMs: options.clock.now() + (isName ? 0 : waitAfter(end)),
      names: isName ? names + 1 : 0,
    });
    if (end.why === 'banned') budget.refused();
    options.log.debug({ participant: participant.id, ...end }, 'client on the Mumble server ended');
    if (end.why === 'removed' && end.byUser) this.#events.removed(participant);
    this.#events.changed();
  }
}

function waitAfter(end: ClientEnd): Millis {
  switch (end.why) {
    case 'lost':
    case 'unreachable':
    case 'banned':
      return LOST_MS;
    case 'rejected':
      return end.type === REJECT.serverFull || end.type === REJECT.noNewConnections ? FULL_MS : REFUSED_MS;
    // Somebody else has its name now, and would be thrown out in turn.
    case 'removed':
      return Number.POSITIVE_INFINITY;
    default:
      return REFUSED_MS;
  }
}
