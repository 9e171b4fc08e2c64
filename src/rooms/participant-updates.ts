import type { Cancel, Clock, Millis } from '../lib/clock.ts';
import type { LimitCounts } from '../lib/rates/limit-counts.ts';
import type { ListedUntil } from '../protocol/roster.ts';
import type { EventOf, LeaveReason, ParticipantView, RoomEvent } from './events.ts';
import { FanOutBudget, type FanOutRates } from './fan-out-budget.ts';
import { batchOf, type Change, type News, newsOf } from './participant-news.ts';

/** Someone in the room whose changes are announced, and who receives announcements. */
export interface Recipient {
  readonly view: ParticipantView;
  /** Understands `participants_joined` and `participants_left`. */
  readonly takesBatches: boolean;
  /** Understands that somebody is not listed. */
  readonly takesPages?: boolean;
  deliver(...events: readonly RoomEvent[]): void;
}

export interface ParticipantUpdatesOptions {
  /** Everyone in the room by id. */
  readonly participants: ReadonlyMap<string, Recipient>;
  /** Those of them who are told; everyone if omitted. */
  readonly recipients?: ReadonlyMap<string, Recipient>;
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
/** In rooms that are so large that this is less often, because each message to one client costs a system call. */
const MESSAGES_PER_MS = 10;
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

  /** Whether something about this participant has not been announced yet. */
  isWaiting(id: string): boolean {
    return this.#waiting.has(id);
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
    this.#people.delete(id);
    this.#unlist(id, reason);
  }

  /** Somebody who was in the room before is listed from now on. */
  shown(id: string): void {
    const before = this.#waiting.get(id);
    const at = ++this.#changes;
    // If it was never announced that they are hidden, they have only changed.
    const isNews = before === undefined || before.joinedAt !== undefined;
    this.#add(id, isNews ? { joinedAt: at, wasHere: true, ...before, at } : { at });
  }

  /** They are not listed any more, but still here. */
  hidden(id: string): void {
    this.#unlist(id, 'hidden');
  }

  #unlist(id: string, reason: ListedUntil): void {
    const joinedAt = this.#waiting.get(id)?.joinedAt;
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

  /** A participant is not told by this any more. */
  forget(id: string): void {
    this.#people.delete(id);
  }

  get #recipients(): ReadonlyMap<string, Recipient> {
    return this.#options.recipients ?? this.#options.participants;
  }

  get #intervalMs(): Millis {
    return Math.max(INTERVAL_MS, this.#recipients.size / MESSAGES_PER_MS);
  }

  close(): void {
    this.#closed = true;
    this.#cancelTimer();
    this.#waiting.clear();
  }

  #add(id: string, change: Change): void {
    if (this.#closed || this.#recipients.size === 0) return;
    const nowMs = this.#options.clock.now();
    const isFirst = this.#waiting.size === 0;
    this.#waiting.set(id, change);
    if (!isFirst) return;
    if (nowMs - this.#intervalStartMs >= this.#intervalMs) this.#beginInterval(nowMs);
    const isLittle = this.#sent === 0 || this.#sent + this.#recipients.size <= MESSAGES_AT_ONCE;
    if (isLittle && this.#budget.has(nowMs)) this.#flush(nowMs);
    else this.#wait(nowMs);
  }

  #beginInterval(nowMs: Millis): void {
    this.#intervalStartMs = nowMs;
    this.#sent = 0;
  }

  #wait(nowMs: Millis): void {
    const { clock, limitCounts } = this.#options;
    let dueMs = this.#intervalStartMs + this.#intervalMs;
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
      this.#budget.spend(nowMs, each.bytes, this.#recipients.size);
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
    const { newestAt, inPages, inBatches, oneByOne } = batchOf(news);
    const hidden = new Set(news.flatMap(({ event }) => (isHiding(event) ? event.participantId : [])));
    for (const [id, recipient] of this.#recipients) {
      const knows = this.#people.get(id)?.knows ?? 0;
      if (knows >= newestAt) continue;
      if (hidden.has(id)) {
        // Everyone lists themselves.
        const others = batchOf(news.filter(({ event }) => !isHiding(event) || event.participantId !== id));
        recipient.deliver(...(recipient.takesPages === true ? others.inPages : others.inBatches));
        continue;
      }
      const batches = recipient.takesPages === true ? inPages : inBatches;
      recipient.deliver(...(recipient.takesBatches ? batches : oneByOne(knows)));
    }
    this.#sent += this.#recipients.size;
  }
}

function isHiding(event: News['event']): event is EventOf<'participant_left'> {
  return event.type === 'participant_left' && event.reason === 'hidden';
}
