/** How changes of participants are announced: one by one, or several in one message to clients that accept batches. */
import type { EventOf, LeaveReason, ParticipantView, RoomEvent } from './events.ts';

/** A change of one participant. The changes of a room are numbered. */
export interface Change {
  /** The number of the latest change. */
  readonly at: number;
  /** The number of their join, if it is announced together with this change. */
  readonly joinedAt?: number | undefined;
  /** Set if they have left. */
  readonly reason?: LeaveReason | undefined;
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
  const events = news.map(({ event }) => event);
  const left = events.filter((event) => event.type === 'participant_left');
  const joined = events.filter((event) => event.type === 'participant_joined');
  const updated = events.filter((event) => event.type === 'participant_updated');
  const participantsOf = (several: readonly EventOf<'participant_joined' | 'participant_updated'>[]) =>
    several.map(({ participant }) => participant);
  const updates = oneOrMany(updated, () => ({ type: 'participants_updated', participants: participantsOf(updated) }));
  return {
    newestAt: news.reduce((newest, { at }) => Math.max(newest, at), 0),
    inBatches: [
      ...oneOrMany(left, () => ({
        type: 'participants_left',
        participants: left.map(({ participantId, reason }) => ({ participantId, reason })),
      })),
      ...oneOrMany(joined, () => ({ type: 'participants_joined', participants: participantsOf(joined) })),
      ...updates,
    ],
    oneByOne: (knows) => [...news.flatMap((each) => comingOrGoing(each, knows)), ...updates],
  };
}

function oneOrMany(events: readonly RoomEvent[], together: () => RoomEvent): readonly RoomEvent[] {
  return events.length > 1 ? [together()] : events;
}

/** The join or leave that a recipient must receive. */
function comingOrGoing({ at, joinedAt, reason, event, update }: News, knows: number): RoomEvent[] {
  if (event.type === 'participant_updated' || knows >= at) return [];
  const isInList = joinedAt === undefined || knows >= joinedAt;
  if (reason !== undefined) return isInList ? [event] : [];
  return [isInList ? update : event];
}
