import type { RoomCommand } from '../link/messages.ts';
import type { MixedRoom } from './room.ts';

/** Commands for a room that need nothing else of the engine. */
export type PlainRoomCommand = Exclude<RoomCommand, { readonly type: 'open_room' | 'set_room_tap' }>;

/** Does nothing for a room that is not open. */
export function handleForRoom(room: MixedRoom | undefined, command: PlainRoomCommand): void {
  switch (command.type) {
    case 'close_room':
      room?.startClosing();
      return;
    case 'link_room':
      room?.link(command.own, command.others);
      return;
    case 'set_shouts':
      room?.setShouts(command.shouts);
      return;
    case 'set_space':
      room?.setSpace(command.space);
      return;
    case 'set_channel_sounds':
      room?.mixer.setChannelSounds(command.sounds);
      return;
    case 'set_mix':
      room?.setMix(command.mix);
  }
}
