import type { Participant } from './participant.ts';
import type { RoomRegistry } from './registry.ts';
import type { Room } from './room.ts';

/**
 * The room in which a participant is. By its name, `RoomRegistry.room` does not find one that goes on at another server,
 * while people are still here. Throws `unknown_room` after they have left.
 */
export function roomOf(registry: Pick<RoomRegistry, 'leaving' | 'room'>, participant: Participant): Room {
  for (const room of registry.leaving) if (room.members.byId.get(participant.id) === participant) return room;
  return registry.room(participant.roomName);
}
