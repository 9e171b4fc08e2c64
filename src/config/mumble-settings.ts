import { integer, names, onOff, text } from './kinds.ts';
import { setting } from './setting.ts';

/** The settings of Mumble clients; part of `SETTINGS`. */
export const MUMBLE_SETTINGS = {
  mumble: setting(onOff(), {
    default: 'off',
    help: 'Whether Mumble clients may connect, and be in rooms with people in browsers.',
  }),
  mumblePort: setting(integer({ min: 0, max: 65_535 }), {
    default: 64_738,
    help: 'Port for Mumble clients, TCP and UDP. 0 picks any free port.',
  }),
  mumbleRooms: setting(names(), {
    default: [],
    help: 'The rooms that Mumble clients see as channels, in this order. If empty: the rooms that exist also while nobody is in them.',
  }),
  mumbleDefaultRoom: setting(text({ maxLength: 64 }), {
    default: '',
    help: 'The room in which Mumble clients begin. If empty, they begin in no room, and choose one.',
  }),
  mumbleName: setting(text({ maxLength: 64 }), {
    default: 'Partyline',
    help: 'The name of this server in Mumble clients.',
  }),
  mumbleWelcome: setting(text({ maxLength: 1000 }), {
    default: '',
    help: 'A text that Mumble clients show when they have connected.',
  }),
  mumbleListPing: setting(onOff(), {
    default: 'on',
    help: "Whether Mumble's list of servers may ask how many people are connected, without connecting.",
  }),
  maxMumbleClients: setting(integer({ min: 1, max: 10_000 }), {
    default: 200,
    help: 'Maximum number of Mumble clients at a time.',
  }),
};
