import type { Participant } from './participant.ts';
import type { Room } from './room.ts';
import type { RoomInfo, RoomSettings, RoomView } from './room-options.ts';

/** What a participant receives when they enter. */
export function roomViewFor(room: Room, participant: Participant): RoomView {
  const { name, entry, locked } = room;
  return {
    room: name,
    entry,
    locked,
    ...room.roster.listFor(participant),
    ...room.sound.viewFor(participant),
    ...room.space.told,
    ...room.recording.viewFor(participant),
    ...(participant.rightsIn(room.key).mayPlaySounds === true && { soundKey: participant.fileKey.text }),
    listeners: room.listeners.count,
    chat: room.chat.rules,
  };
}

/** A room as the operator sees it. */
export function roomInfoOf(room: Room, settings: RoomSettings, speaking: number): RoomInfo {
  const { name, permanent, startedAtMs, locked, size: participants, listeners, sound } = room;
  const counts = { participants, listeners: listeners.count, speaking };
  return { ...settings, teams: sound.teams, name, permanent, startedAtMs, locked, ...counts };
}
