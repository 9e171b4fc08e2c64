import type { Cancel, Clock, Millis } from '../lib/clock.ts';
import type { LimitCounts } from '../lib/rates/limit-counts.ts';
import type { LeaveReason, ParticipantView, RoomEvent } from './events.ts';
import { FanOutBudget, type FanOutRates } from './fan-out-budget.ts';
import { batchOf, type Change, type News, newsOf } from './participant-news.ts';

/** Someone in the room whose changes are announced, and who receives announcements. */
export interface Recipient {
  readonly view: ParticipantView;
  /** Understands `participants_joined` and `participants_left`. */
  readonly takesBatches: boolean;
  deliver(...events: readonly RoomEvent[]): void;
}

export interface ParticipantUpdatesOptions {
  /** Everyone in the room by id. */
  readonly participants: ReadonlyMap<string, Recipient>;
  readonly limitCounts: LimitCounts;
  readonly clock: Clock;
}

interface Person {
  /** The number of the latest change in the list that this participant last received. */
  readonly knows: number;
  /** The number of the latest change when this participant was last announced. */
  toldAt: number;
}

/** To each about twice the audio bit rate; to all about the audio bit rate of five hundred listeners. */
export const UPDATE_RATES: FanOutRates = { each: 16_384, inAll: 4_194_304 };
/** How long a change waits for others at most, while the budget allows. */
const INTERVAL_MS: Millis = 50;
/**
 * Messages that need not wait within that time: a room of two announces 50 changes at once, a room of a hundred only
 * the first.
 */
const MESSAGES_AT_ONCE = 100;
/** After the budget is spent, this much is saved up before the next batch. */
const SAVED_MS: Millis = 250;

/**
 * Announces joins, changes and leaves to a room. If n people change at the same time, n messages to each of them would
 * be n². A change is therefore announced immediately while that is cheap, and collected with others otherwise. A room
 * also has a byte budget: beyond it, changes wait longer, and only the last change of each participant counts. Joins
 * and leaves go first, then the participants who were announced least recently, so that someone who changes constantly
 * does not delay others.
 */
export class ParticipantUpdates {
  readonly #options: ParticipantUpdatesOptions;
  readonly #budget = new FanOutBudget(UPDATE_RATES);
  /** Everyone in the room, by id. */
  readonly #people = new Map<string, Person>();
  /** By participant, in the order in which they started waiting. */
  readonly #waiting = new Map<string, Change>();
  #changes = 0;
  /** The number of the latest change when anyone last received a list. */
  #listAt = 0;
  #intervalStartMs: Millis = Number.NEGATIVE_INFINITY;
  /** Messages since then. */
  #sent = 0;
  #cancelTimer: Cancel = () => {};
  #closed = false;

  constructor(options: ParticipantUpdatesOptions) {
    this.#options = options;
  }

  /** Someone new is in the room. They receive the full list. */
  joined(id: string): void {
    const before = this.#waiting.get(id);
    const at = this.listTaken(id);
    // If their leave was never announced, they have only changed.
    const isNews = before === undefined || before.joinedAt !== undefined;
    this.#add(id, isNews ? { at, joinedAt: before?.joinedAt ?? at } : { at });
  }

  /** Another connection takes this participant's place and receives the full list. */
  replaced(id: string): void {
    const at = this.listTaken(id);
    this.#add(id, { ...this.#waiting.get(id), at });
  }

  /** Call after each change. The announcement shows the state at the time of sending. */
  changed(id: string): void {
    this.#add(id, { ...this.#waiting.get(id), at: ++this.#changes });
  }

  /** Call when the participant is no longer in the room. */
  left(id: string, reason: LeaveReason): void {
    const joinedAt = this.#waiting.get(id)?.joinedAt;
    this.#people.delete(id);
    // No client knows about them, neither from a message nor from a list.
    if (joinedAt !== undefined && this.#listAt <= joinedAt) this.#waiting.delete(id);
    else this.#add(id, { at: ++this.#changes, joinedAt, reason });
  }

  /** A participant receives the current full list. Returns the number of the latest change. */
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
    if (isLittle && this.#budget.has(nowMs)) this.#flush(nowMs);
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
      this.#flush(clock.now());
    });
  }

  /** Announces as many waiting changes as the budget allows. */
  #flush(nowMs: Millis): void {
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
