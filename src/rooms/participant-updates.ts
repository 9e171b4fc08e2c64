import type { Cancel, Clock, Millis } from '../lib/clock.ts';
import type { LimitCounts } from '../lib/rates/limit-counts.ts';
import type { LeaveReason, ParticipantView, RoomEvent } from './events.ts';
import { batchOf, type Change, type News, newsOf } from './participant-news.ts';
import { UpdateBudget } from './update-budget.ts';

/** Somebody in the room, whose changes are told, and who is told. */
export interface Recipient {
  readonly view: ParticipantView;
  /** Understands `participants_joined` and `participants_left`. */
  readonly takesBatches: boolean;
  deliver(...events: readonly RoomEvent[]): void;
}

export interface ParticipantUpdatesOptions {
  /** Everybody in the room by id. */
  readonly participants: ReadonlyMap<string, Recipient>;
  readonly limitCounts: LimitCounts;
  readonly clock: Clock;
}

interface Person {
  /** The number of the newest change that was in the list which this participant got last. */
  readonly knows: number;
  /** The number of the newest change when the others were told of this participant last. */
  toldAt: number;
}

/** How long a change waits for others at most, while the budget lasts. */
const INTERVAL_MS: Millis = 50;
/** Messages for which nothing has to wait in that time: a room of two is told 50 changes at once, one of a hundred the first. */
const MESSAGES_AT_ONCE = 100;
/** Once the budget is spent, so much of it is saved up for the next batch. */
const SAVED_MS: Millis = 250;

/**
 * Tells a room who has come, changed and gone. Where n people do that at the same time, n messages to each of them would be n². So a change
 * is told at once as long as that is little, and others are gathered. How much a room may be told has a bound in bytes as well: beyond that
 * changes wait longer, and only the last of each participant counts. Joins and leaves go first, then those who were not told of for longest,
 * so that somebody who changes all the time holds up nobody else.
 */
export class ParticipantUpdates {
  readonly #options: ParticipantUpdatesOptions;
  readonly #budget = new UpdateBudget();
  /** Those who are in the room, by id. */
  readonly #people = new Map<string, Person>();
  /** By participant, in the order in which they began to wait. */
  readonly #waiting = new Map<string, Change>();
  #changes = 0;
  /** The number of the newest change when somebody got a list last. */
  #listAt = 0;
  #intervalStartMs: Millis = Number.NEGATIVE_INFINITY;
  /** Messages since then. */
  #sent = 0;
  #cancelTimer: Cancel = () => {};
  #closed = false;

  constructor(options: ParticipantUpdatesOptions) {
    this.#options = options;
  }

  /** Somebody new is in the room. They get the list of everybody. */
  joined(id: string): void {
    const before = this.#waiting.get(id);
    const at = this.listTaken(id);
    // While nobody was told that they left, they have only changed.
    const isNews = before === undefined || before.joinedAt !== undefined;
    this.#add(id, isNews ? { at, joinedAt: before?.joinedAt ?? at } : { at });
  }

  /** Another takes the place of this participant, and gets the list of everybody. */
  replaced(id: string): void {
    const at = this.listTaken(id);
    this.#add(id, { ...this.#waiting.get(id), at });
  }

  /** To be called after each change; what is told is how the participant is then. */
  changed(id: string): void {
    this.#add(id, { ...this.#waiting.get(id), at: ++this.#changes });
  }

  /** To be called when the participant is not in the room any more. */
  left(id: string, reason: LeaveReason): void {
    const joinedAt = this.#waiting.get(id)?.joinedAt;
    this.#people.delete(id);
    // Nobody has heard of them, neither by a message nor by a list.
    if (joinedAt !== undefined && this.#listAt <= joinedAt) this.#waiting.delete(id);
    else this.#add(id, { at: ++this.#changes, joinedAt, reason });
  }

  /** A participant gets the list of everybody as it is now. Returns the number of this moment. */
  listTaken(id: string): number {
    const at = ++this.#changes;
    this.#listAt = at;
    this.#people.set(id, { knows: at, toldAt: this.#people.get(id)?.toldAt ?? 0 });
    return at;
  }

  close(): void {
    this.#closed = true;
    this.#cancelTimer();
    this.#waiting.clear();
  }

  #add(id: string, change: Change): void {
    if (this.#closed) return;
    const nowMs = this.#options.clock.now();
    const isFirst = this.#waiting.size === 0;
    this.#waiting.set(id, change);
    if (!isFirst) return;
    if (nowMs - this.#intervalStartMs >= INTERVAL_MS) this.#beginInterval(nowMs);
    const isLittle = this.#sent === 0 || this.#sent + this.#options.participants.size <= MESSAGES_AT_ONCE;
    if (isLittle && this.#budget.has(nowMs)) this.#tell(nowMs);
    else this.#wait(nowMs);
  }

  #beginInterval(nowMs: Millis): void {
    this.#intervalStartMs = nowMs;
    this.#sent = 0;
  }

  #wait(nowMs: Millis): void {
    const { clock, limitCounts } = this.#options;
    let dueMs = this.#intervalStartMs + INTERVAL_MS;
    if (!this.#budget.has(nowMs)) {
      limitCounts.hit('room_update_bytes');
      dueMs = Math.max(dueMs, this.#budget.freeAtMs(nowMs) + SAVED_MS);
    }
    this.#cancelTimer();
    this.#cancelTimer = clock.setTimer(dueMs, () => {
      this.#beginInterval(clock.now());
      this.#tell(clock.now());
    });
  }

  /** As many of those who wait as the budget lasts for. */
  #tell(nowMs: Millis): void {
    const { participants } = this.#options;
    const news: News[] = [];
    for (const [id, change] of this.#inTurn()) {
      if (!this.#budget.has(nowMs)) break;
      this.#waiting.delete(id);
      const each = newsOf(id, change, participants.get(id)?.view);
      if (each === undefined) continue;
      this.#budget.spend(nowMs, each.bytes, participants.size);
      news.push(each);
      const person = this.#people.get(id);
      if (person !== undefined) person.toldAt = this.#changes;
    }
    if (news.length > 0) this.#deliver(news);
    if (this.#waiting.size > 0) this.#wait(nowMs);
  }

  #inTurn(): [id: string, change: Change][] {
    const rank = (id: string, { joinedAt, reason }: Change) =>
      joinedAt !== undefined || reason !== undefined ? -1 : (this.#people.get(id)?.toldAt ?? 0);
    return [...this.#waiting].sort(([idA, a], [idB, b]) => rank(idA, a) - rank(idB, b));
  }

  #deliver(news: readonly News[]): void {
    const { participants } = this.#options;
    const { newestAt, inBatches, oneByOne } = batchOf(news);
    for (const [id, recipient] of participants) {
      const knows = this.#people.get(id)?.knows ?? 0;
      if (knows < newestAt) recipient.deliver(...(recipient.takesBatches ? inBatches : oneByOne(knows)));
    }
    this.#sent += participants.size;
  }
}
