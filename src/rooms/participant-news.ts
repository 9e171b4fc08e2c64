/** How changes of participants are told: one by one, or many in one message to clients that take batches. */
import type { LeaveReason, ParticipantView, RoomEvent } from './events.ts';

type EventOf<T extends RoomEvent['type']> = Extract<RoomEvent, { readonly type: T }>;

/** What has happened to one participant. Changes of a room are numbered. */
export interface Change {
  /** The number of the newest change. */
  readonly at: number;
  /** The number of their join, if it is told together with this. */
  readonly joinedAt?: number | undefined;
  /** Of somebody who has left. */
  readonly reason?: LeaveReason | undefined;
}

/** A change as it is told: the same objects for everybody, so that each is written once. */
export interface News extends Change {
  readonly event: EventOf<'participant_joined' | 'participant_updated' | 'participant_left'>;
  /** For those who have the participant in their list, as they were before. */
  readonly update: RoomEvent;
  /** How large the event is as a message of its own. */
  readonly bytes: number;
}

/** A batch of news, in both forms. */
export interface Batch {
  /** The number of the newest change in it. */
  readonly newestAt: number;
  /** For clients that take batches: at most three messages. Some of what they say may be known already. */
  readonly inBatches: readonly RoomEvent[];
  /** For others, who have to be told of a join and of a leave exactly once. `knows` is the number of the newest change in their list. */
  oneByOne(knows: number): RoomEvent[];
}

/** Around what a message says of one participant, at most. */
const ENVELOPE_BYTES = 64;

/** Undefined: there is nobody to tell of. */
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

/** What somebody has to be told of a join or a leave. */
function comingOrGoing({ at, joinedAt, reason, event, update }: News, knows: number): RoomEvent[] {
  if (event.type === 'participant_updated' || knows >= at) return [];
  const isInList = joinedAt === undefined || knows >= joinedAt;
  if (reason !== undefined) return isInList ? [event] : [];
  return [isInList ? update : event];
}
