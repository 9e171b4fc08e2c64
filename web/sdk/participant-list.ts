import type { LeaveReason, ParticipantInfo } from '../../src/protocol/messages.ts';
import type { PeopleNews } from '../../src/protocol/roster.ts';

/** A message about people in the room. */
export type ListMessage = Exclude<PeopleNews, { readonly type: `people${string}` }>;

/** The effect of such a message. */
export interface ListChange {
  readonly joined: readonly ParticipantInfo[];
  readonly left: readonly { readonly participant: ParticipantInfo; readonly reason: LeaveReason }[];
}

/** Everyone who is listed in the room, according to the server. */
export class ParticipantList {
  #all = new Map<string, ParticipantInfo>();

  get all(): ReadonlyMap<string, ParticipantInfo> {
    return this.#all;
  }

  /** Everybody but this one. */
  except(participantId: string | null): ParticipantInfo[] {
    return [...this.#all.values()].filter(({ id }) => id !== participantId);
  }

  /** Replaces the whole list. */
  replace(participants: readonly ParticipantInfo[]): void {
    this.#all = new Map(participants.map((participant) => [participant.id, participant]));
  }

  set(participant: ParticipantInfo): void {
    this.#all.set(participant.id, participant);
  }

  /** Joins may list people who are already in the list, and leaves may list people who are not. */
  apply(message: ListMessage): ListChange {
    const joined: ParticipantInfo[] = [];
    const left: ListChange['left'][number][] = [];
    for (const one of entriesOf(message)) {
      if ('id' in one) {
        if (message.type.endsWith('joined') && !this.#all.has(one.id)) joined.push(one);
        this.set(one);
      } else {
        const { participantId, reason } = one;
        const participant = this.#all.get(participantId);
        this.#all.delete(participantId);
        if (participant && reason !== 'hidden') left.push({ participant, reason });
      }
    }
    return { joined, left };
  }
}

type Leave = Omit<Extract<PeopleNews, { readonly type: 'participant_left' }>, 'type'>;

/** Of messages about one or several. */
function entriesOf(message: ListMessage): readonly (ParticipantInfo | Leave)[] {
  const { participants, participant } = message as {
    readonly participants?: (ParticipantInfo | Leave)[];
    readonly participant?: ParticipantInfo;
  };
  return participants ?? [participant ?? (message as Leave)];
}
