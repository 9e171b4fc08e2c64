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
  chatFileBytes: setting(integer({ min: 0, max: 104_857_600 }), {
    default: 0,
    help: 'Largest file in bytes that people may send in the chat. Files are in memory only, and only those in the room can read them. 0: no files.',
  }),
  chatFilesTotalBytes: setting(integer({ min: 1_048_576, max: 68_719_476_736 }), {
    default: 134_217_728,
    help: 'Memory in bytes for the files of all chats together. When it is full, no more are taken.',
  }),
  chatFileMinutes: setting(integer({ min: 1, max: 1440 }), {
    default: 60,
    help: 'Minutes after which a file in the chat is forgotten. It is gone earlier if its message is deleted or its room closes.',
  }),
};
