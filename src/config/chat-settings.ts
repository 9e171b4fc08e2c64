import { integer, onOff } from './kinds.ts';
import { setting } from './setting.ts';

/** The settings of the chat; part of `SETTINGS`. */
export const CHAT_SETTINGS = {
  chat: setting(onOff(), {
    default: 'on',
    help: 'Whether rooms have a text chat. The API can decide otherwise for single rooms.',
  }),
  chatHistory: setting(integer({ min: 0, max: 1000 }), {
    default: 100,
    help: 'Number of chat messages that a room keeps for people who join later. They are in memory only, and gone when the room closes. 0: none.',
  }),
  chatHistoryHours: setting(integer({ min: 1, max: 168 }), {
    default: 24,
    help: 'Hours after which a room forgets a chat message.',
  }),
};
