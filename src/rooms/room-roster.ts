import type { Cancel, Clock, Millis } from '../lib/clock.ts';
import type { LimitCounts } from '../lib/rates/limit-counts.ts';
import type { LeaveReason, ParticipantView } from './events.ts';
import type { Participant } from './participant.ts';
import { ParticipantUpdates } from './participant-updates.ts';
import { type PageQuery, PeoplePages } from './people-pages.ts';
import { ShownPeople } from './shown-people.ts';

export interface RoomRosterOptions {
  /** Everyone in the room by id. */
  readonly participants: ReadonlyMap<string, Participant>;
  /** Number of people. */
  readonly size: () => number;
  /** In rooms with more people not everyone is listed; 0: everyone always is. */
  readonly rosterLimit: number;
  readonly limitCounts: LimitCounts;
  readonly clock: Clock;
}

/** What somebody who enters is told of the people. */
export interface ListedPeople {
  readonly participants: readonly ParticipantView[];
  readonly count?: number;
}

/** Level in dBov by participant id. */
export type Levels = ReadonlyMap<string, number>;

/**
 * A client that does not understand pages is told of everyone who comes and goes, as far as that is possible: more would
 * not fit into what may be unsent to one connection.
 */
export const MAX_FULL_LIST = 1000;
/** A room that has become smaller than this part of the limit lists everyone again, but not at once. */
const SMALL_AGAIN = 0.75;
const LARGE_FOR_MS: Millis = 60_000;
const COUNT_INTERVAL_MS: Millis = 1000;
/** In very large rooms counts and levels come less often: each message to one client costs a system call. */
const COUNTS_PER_MS = 2;
const LEVELS_PER_MS = 10;

/**
 * Whom the clients of a room list. In most rooms that is everyone. In a large one, n people of whom n know would be n²,
 * so all are told the same about a hundred at most (`ShownPeople`), each about themselves, and how many there are.
 */
export class RoomRoster {
  readonly #options: RoomRosterOptions;
  readonly #shown = new ShownPeople();
  readonly #pages: PeoplePages;
  /** Those who list everyone. */
  readonly #full = new Map<string, Participant>();
  /** Those who list only whom everyone lists. */
  readonly #partial = new Map<string, Participant>();
  readonly #news: ParticipantUpdates;
  readonly #shownNews: ParticipantUpdates;
  /** Speakers whom the clients may not list yet. */
  readonly #unannounced = new Set<string>();
  /** Since when the room is too large to list everyone. */
  #largeSinceMs: Millis | undefined;
  #toldCount = 0;
  #cancelCount: Cancel = () => {};
  #levelsMs: Millis = Number.NEGATIVE_INFINITY;
  #cancelLevels: Cancel = () => {};

  constructor(options: RoomRosterOptions) {
    const { participants, limitCounts, clock } = options;
    this.#options = options;
    this.#pages = new PeoplePages(limitCounts, clock.now());
    this.#news = new ParticipantUpdates({ ...options, participants, recipients: this.#full });
    this.#shownNews = new ParticipantUpdates({ ...options, participants, recipients: this.#partial });
  }

  /** Someone new is in the room. They receive `listFor`. */
  joined(participant: Participant): void {
    const { id } = participant;
    this.#enter(participant);
    this.#news.joined(id);
    if (this.#shown.ids.has(id)) this.#shownNews.joined(id);
    this.#place(participant);
  }

  /** Another connection takes this participant's place and receives `listFor`. */
  replaced(participant: Participant): void {
    const { id } = participant;
    this.#enter(participant);
    this.#news.replaced(id);
    if (this.#shown.ids.has(id)) this.#shownNews.replaced(id);
    this.#place(participant);
  }

  /** A participant has another connection, which receives `listFor`. */
  listTaken(participant: Participant): void {
    this.#place(participant);
    (this.#partial.has(participant.id) ? this.#shownNews : this.#news).listTaken(participant.id);
  }

  /** Call after each change. */
  changed(participant: Participant): void {
    const { id, view } = participant;
    this.#shown.note(view);
    this.#refresh();
    this.#news.changed(id);
    if (this.#shown.ids.has(id)) this.#shownNews.changed(id);
    else if (this.#partial.has(id)) participant.deliver({ type: 'participant_updated', participant: view });
  }

  /** Call when the participant is no longer in the room. */
  left(id: string, reason: LeaveReason): void {
    const wasShown = this.#shown.ids.has(id);
    this.#full.delete(id);
    this.#partial.delete(id);
    this.#pages.left(id);
    this.#shown.left(id);
    this.#news.left(id, reason);
    // They are not hidden, but gone.
    if (wasShown) this.#shownNews.left(id, reason);
    else this.#shownNews.forget(id);
    this.#refresh(id);
    if (this.#isSmallAgain) this.#listEveryone();
  }

  /** What somebody who enters is told. */
  listFor({ id, view }: Participant): ListedPeople {
    const { participants, size } = this.#options;
    if (!this.#partial.has(id)) return { participants: Array.from(participants.values(), viewOf) };
    const others = this.#listed.filter((one) => one.id !== id);
    return { participants: [...others, view], count: size() };
  }

  /** Sends a page to who asks for it. Throws `server_busy`. */
  sendPage(asker: Participant, { requestId, ...query }: PageQuery & { readonly requestId?: number | undefined }): void {
    const { participants, clock } = this.#options;
    const page = this.#pages.page(asker, query, participants, clock.now());
    asker.deliver({ type: 'people_page', ...page, ...(requestId !== undefined && { requestId }) });
  }

  /** Calls `tell` with the levels that the clients may be told, which in a large room is not at once. */
  levels(levels: Levels, tell: (speaking: [id: string, levelDbov: number][]) => void): void {
    if (this.#largeSinceMs === undefined) {
      this.#cancelLevels();
      tell([...levels]);
      return;
    }
    const { clock } = this.#options;
    this.#shown.spoke(levels.keys(), clock.now());
    this.#refresh();
    const dueMs = this.#levelsMs + this.#options.participants.size / LEVELS_PER_MS;
    this.#cancelLevels();
    this.#cancelLevels = clock.setTimer(Math.max(clock.now(), dueMs), () => {
      this.#levelsMs = clock.now();
      tell([...levels].filter(([id]) => this.#isAnnounced(id)));
    });
  }

  close(): void {
    this.#news.close();
    this.#shownNews.close();
    this.#cancelCount();
    this.#cancelLevels();
  }

  get #listed(): ParticipantView[] {
    const { participants } = this.#options;
    return [...this.#shown.ids].flatMap((id) => participants.get(id)?.view ?? []);
  }

  #enter({ id, name, view }: Participant): void {
    this.#pages.entered(id, name);
    this.#shown.note(view);
    const { size, rosterLimit } = this.#options;
    if (this.#largeSinceMs === undefined && rosterLimit > 0 && size() > rosterLimit) this.#listSome();
    // Who has just come is announced as such.
    this.#refresh(id);
  }

  /** Decides what this participant's client lists from now on. */
  #place(participant: Participant): void {
    const takesPages = participant.takesPages;
    const isPartial = this.#largeSinceMs !== undefined && (takesPages || this.#options.size() > MAX_FULL_LIST);
    if (isPartial) this.#shownNews.listTaken(participant.id);
    this.#put(participant, isPartial);
  }

  #put(participant: Participant, isPartial: boolean): void {
    const { id } = participant;
    (isPartial ? this.#full : this.#partial).delete(id);
    (isPartial ? this.#news : this.#shownNews).forget(id);
    (isPartial ? this.#partial : this.#full).set(id, participant);
  }

  /** @param known who is announced by other means */
  #refresh(known?: string): void {
    if (this.#largeSinceMs === undefined) return;
    const { shown, hidden } = this.#shown.refresh(this.#options.clock.now());
    for (const id of hidden) if (id !== known) this.#shownNews.hidden(id);
    for (const id of shown) {
      if (id === known) continue;
      this.#unannounced.add(id);
      this.#shownNews.shown(id);
    }
  }

  #isAnnounced(id: string): boolean {
    if (!this.#shownNews.isWaiting(id)) this.#unannounced.delete(id);
    return this.#shown.ids.has(id) && !this.#unannounced.has(id);
  }

  /** The room has become large. */
  #listSome(): void {
    const { clock, size } = this.#options;
    this.#largeSinceMs = clock.now();
    this.#shown.refresh(clock.now());
    this.#toldCount = size();
    const event = { type: 'people', participants: this.#listed, count: this.#toldCount } as const;
    for (const participant of [...this.#full.values()]) {
      if (!participant.takesPages) continue;
      this.#put(participant, true);
      this.#shownNews.listTaken(participant.id);
      participant.deliver(event);
    }
    this.#countLater();
  }

  get #isSmallAgain(): boolean {
    const { size, rosterLimit, clock } = this.#options;
    const sinceMs = this.#largeSinceMs;
    return sinceMs !== undefined && size() < rosterLimit * SMALL_AGAIN && clock.now() - sinceMs >= LARGE_FOR_MS;
  }

  #listEveryone(): void {
    this.#largeSinceMs = undefined;
    this.#cancelCount();
    this.#unannounced.clear();
    const event = { type: 'people', participants: Array.from(this.#options.participants.values(), viewOf) } as const;
    for (const participant of [...this.#partial.values()]) {
      this.#put(participant, false);
      this.#news.listTaken(participant.id);
      participant.deliver(event);
    }
  }

  #countLater(): void {
    const { clock, size } = this.#options;
    const dueMs = clock.now() + Math.max(COUNT_INTERVAL_MS, this.#partial.size / COUNTS_PER_MS);
    this.#cancelCount();
    this.#cancelCount = clock.setTimer(dueMs, () => {
      this.#refresh();
      const count = size();
      if (count !== this.#toldCount) {
        this.#toldCount = count;
        const event = { type: 'people', count } as const;
        for (const participant of this.#partial.values()) if (participant.takesPages) participant.deliver(event);
      }
      this.#countLater();
    });
  }
}

function viewOf({ view }: Participant): ParticipantView {
  return view;
}
