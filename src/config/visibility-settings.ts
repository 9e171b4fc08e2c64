import { choice, describedRooms, onOff } from './kinds.ts';
import { setting } from './setting.ts';

/** Which rooms there always are, and what people see of rooms that they are not in; part of `SETTINGS`. */
export const VISIBILITY_SETTINGS = {
  keptRooms: setting(describedRooms(), {
    default: [],
    help: 'Rooms that exist also while nobody is in them, in the order of the list of rooms, each with or without a description: "Lobby=Everyone starts here".',
  }),
  roomList: setting(choice(['off', 'public', 'all']), {
    default: 'off',
    help: 'The list of rooms with who is inside. Anyone who opens the page sees it, and people in a room go to another with it. "public": rooms that anyone may enter. "all": also those with a password or a lock, or that need a token; who is inside these is not shown.',
  }),
  roomPreview: setting(onOff(), {
    default: 'off',
    help: 'Shows who is in a room to people who are about to join it. Never for rooms with a password or a lock, nor if everyone needs a join token.',
  }),
};
