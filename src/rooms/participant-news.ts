/** How changes of participants are announced: one by one, or several in one message to clients that accept batches. */
import type { ListedUntil } from '../protocol/roster.ts';
import type { EventOf, ParticipantView, RoomEvent } from './events.ts';

/** A change of one participant. The changes of a room are numbered. */
export interface Change {
  /** The number of the latest change. */
  readonly at: number;
  /** The number of their join, if it is announced together with this change. */
  readonly joinedAt?: number | undefined;
  /** They were in the room before, and are listed from now on. `joinedAt` is the number of that. */
  readonly wasHere?: boolean | undefined;
  /** Set if they have left, or are not listed any more. */
  readonly reason?: ListedUntil | undefined;
}

/** A change as it is announced. All recipients share the same objects, so that each is serialized once. */
export interface News extends Change {
  readonly event: EventOf<'participant_joined' | 'participant_updated' | 'participant_left'>;
  /** For recipients that already have the participant in their list. */
  readonly update: RoomEvent;
  /** The size of the event as a message of its own. */
  readonly bytes: number;
}

/** A batch of news, in both forms. */
export interface Batch {
  /** The number of the latest change in it. */
  readonly newestAt: number;
  /** For clients that accept batches: at most three messages. They may repeat what the client already knows. */
  readonly inBatches: readonly RoomEvent[];
  /** The same for those that understand that somebody was not listed, or is not any more. */
  readonly inPages: readonly RoomEvent[];
  /**
   * For other clients, which must receive each join and each leave exactly once. `knows` is the number of the latest
   * change in their list.
   */
  oneByOne(knows: number): RoomEvent[];
}

/** Maximum overhead per participant in a message. */
const ENVELOPE_BYTES = 64;

/** Undefined if there is nobody to announce. */
export function newsOf(id: string, change: Change, view: ParticipantView | undefined): News | undefined {
  const { joinedAt, reason } = change;
  if (reason !== undefined) {
    const event = { type: 'participant_left', participantId: id, reason } as const;
    return { ...change, event, update: event, bytes: id.length + ENVELOPE_BYTES };
  }
  if (view === undefined) return undefined;
  const update = { type: 'participant_updated', participant: view } as const;
  const event = joinedAt === undefined ? update : ({ type: 'participant_joined', participant: view } as const);
  return { ...change, event, update, bytes: Buffer.byteLength(JSON.stringify(view)) + ENVELOPE_BYTES };
}

export function batchOf(news: readonly News[]): Batch {
  const left = news.flatMap(({ event }) => (event.type === 'participant_left' ? event : []));
  const joined = news.filter(({ event }) => event.type === 'participant_joined');
  const updated = news.filter(({ event }) => event.type === 'participant_updated');
  const came = joined.filter(({ wasHere }) => wasHere !== true);
  const listed = joined.filter(({ wasHere }) => wasHere === true);
  const hidesSome = left.some(({ reason }) => reason === 'hidden');
  const updates = updatesOf(updated);
  const inBatches = [...leaves(left.map(openly)), ...joins(joined), ...updates];
  const isSame = listed.length === 0 && !hidesSome;
  return {
    newestAt: news.reduce((newest, { at }) => Math.max(newest, at), 0),
    inPages: isSame ? inBatches : [...leaves(left), ...joins(came), ...updatesOf([...listed, ...updated])],
    inBatches,
    oneByOne: (knows) => [...news.flatMap((each) => comingOrGoing(each, knows)), ...updates],
  };
}

function leaves(left: readonly EventOf<'participant_left'>[]): readonly RoomEvent[] {
  const participants = left.map(({ participantId, reason }) => ({ participantId, reason }));
  return oneOrMany(left, () => ({ type: 'participants_left', participants }));
}

function joins(joined: readonly News[]): readonly RoomEvent[] {
  const events = joined.map(({ event }) => event);
  return oneOrMany(events, () => ({ type: 'participants_joined', participants: participantsOf(joined) }));
}

function updatesOf(news: readonly News[]): readonly RoomEvent[] {
  const events = news.map(({ update }) => update);
  return oneOrMany(events, () => ({ type: 'participants_updated', participants: participantsOf(news) }));
}

function participantsOf(news: readonly News[]): ParticipantView[] {
  return news.flatMap(({ event }) => (event.type === 'participant_left' ? [] : event.participant));
}

/** For clients to which only those are in the room who are listed. */
function openly(event: EventOf<'participant_left'>): EventOf<'participant_left'> {
  return event.reason === 'hidden' ? { ...event, reason: 'left' } : event;
}

function oneOrMany(events: readonly RoomEvent[], together: () => RoomEvent): readonly RoomEvent[] {
  return events.length > 1 ? [together()] : events;
}

/** The join or leave that a recipient must receive. */
function comingOrGoing({ at, joinedAt, event, update }: News, knows: number): RoomEvent[] {
  if (event.type === 'participant_updated' || knows >= at) return [];
  const isInList = joinedAt === undefined || knows >= joinedAt;
  if (event.type === 'participant_left') return isInList ? [openly(event)] : [];
  return [isInList ? update : event];
}
