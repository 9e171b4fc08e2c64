import type { Participant } from './participant.ts';
import type { Room } from './room.ts';
import type { RoomView } from './room-options.ts';

/** What a participant receives when they enter. */
export function roomViewFor(room: Room, participant: Participant): RoomView {
  const { name, entry, locked, participants } = room;
  return {
    ...{ room: name, entry, locked, participants },
    ...room.sound.viewFor(participant),
    ...room.space.told,
    ...room.recording.viewFor(participant),
    chat: room.chat.rules,
  };
}
