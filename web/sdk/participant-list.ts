import type { LeaveReason, ParticipantInfo, ServerMessage } from '../../src/protocol/messages.ts';

/** A message about the people in the room. */
export type ListMessage = Extract<
  ServerMessage,
  { readonly type: `participant${'' | 's'}_${'joined' | 'updated' | 'left'}` }
>;

/** The effect of such a message. */
export interface ListChange {
  readonly joined: readonly ParticipantInfo[];
  readonly left: readonly { readonly participant: ParticipantInfo; readonly reason: LeaveReason }[];
  /** Whether the list has changed. */
  readonly isNews: boolean;
}

/** Everyone in the room, according to the server. */
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
    if (message.type === 'participant_left') return this.#remove([message]);
    if (message.type === 'participants_left') return this.#remove(message.participants);
    const participants = participantsIn(message);
    const joined = message.type.endsWith('joined') ? participants.filter(({ id }) => !this.#all.has(id)) : [];
    for (const participant of participants) this.set(participant);
    return { joined, left: [], isNews: true };
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
