import type { LeaveReason, ParticipantInfo, ServerMessage } from '../../src/protocol/messages.ts';

/** A message about who is in the room. */
export type ListMessage = Extract<
  ServerMessage,
  { readonly type: `participant${'' | 's'}_${'joined' | 'updated' | 'left'}` }
>;

/** What such a message has changed. */
export interface ListChange {
  readonly joined: readonly ParticipantInfo[];
  readonly left: readonly { readonly participant: ParticipantInfo; readonly reason: LeaveReason }[];
  /** Whether the list is another than before. */
  readonly isNews: boolean;
}

/** Everybody in the room, as the server has told. */
export class ParticipantList {
  #all = new Map<string, ParticipantInfo>();

  get all(): ReadonlyMap<string, ParticipantInfo> {
    return this.#all;
  }

  /** From now on it is these. */
  replace(participants: readonly ParticipantInfo[]): void {
    this.#all = new Map(participants.map((participant) => [participant.id, participant]));
  }

  set(participant: ParticipantInfo): void {
    this.#all.set(participant.id, participant);
  }

  /** Joins may name those who are in the list already, and leaves those who never were. */
  apply(message: ListMessage): ListChange {
    switch (message.type) {
      case 'participant_left':
        return this.#remove([message]);
      case 'participants_left':
        return this.#remove(message.participants);
      case 'participant_joined':
      case 'participants_joined': {
        const participants = participantsIn(message);
        const joined = participants.filter(({ id }) => !this.#all.has(id));
        for (const participant of participants) this.set(participant);
        return { joined, left: [], isNews: true };
      }
      default:
        for (const participant of participantsIn(message)) this.set(participant);
        return { joined: [], left: [], isNews: true };
    }
  }

  #remove(leaves: readonly { readonly participantId: string; readonly reason: LeaveReason }[]): ListChange {
    const left = leaves.flatMap(({ participantId, reason }) => {
      const participant = this.#all.get(participantId);
      return participant === undefined ? [] : [{ participant, reason }];
    });
    for (const { participant } of left) this.#all.delete(participant.id);
    return { joined: [], left, isNews: left.length > 0 };
  }
}

function participantsIn(
  message: { readonly participant: ParticipantInfo } | { readonly participants: readonly ParticipantInfo[] },
): readonly ParticipantInfo[] {
  return 'participants' in message ? message.participants : [message.participant];
}
