import { coupledRooms, endpointOrNone, fingerprints, integer, path, secret, text } from './kinds.ts';
import { setting } from './setting.ts';

/** The settings of rooms that are coupled with another Mumble server; part of `SETTINGS`. */
export const MUMBLE_UPSTREAM_SETTINGS = {
  mumbleUpstream: setting(endpointOrNone(), {
    default: '',
    help: 'Another Mumble server, with whose channels rooms are coupled: people on both sides see and hear each other. Without a port: 64738. Empty: none.',
  }),
  mumbleUpstreamRooms: setting(coupledRooms(), {
    default: [],
    help: 'The rooms that are coupled, each with its channel: lobby=Games/Chess. "lobby" alone means the channel with this name, and "lobby=/" the topmost one.',
  }),
  mumbleUpstreamPassword: setting(secret({ minBytes: 1 }), {
    default: '',
    help: 'Password of the other Mumble server.',
  }),
  mumbleUpstreamPasswordFile: setting(path(), {
    default: '',
    help: 'File that contains the mumble-upstream-password. Surrounding white space is ignored.',
  }),
  mumbleUpstreamCertificate: setting(fingerprints(), {
    default: [],
    help: 'SHA-256 fingerprints of the other Mumble server\'s certificate. Mumble servers usually make their own. Empty: a known authority must have signed it for that host. "partyline check" shows the server\'s fingerprint.',
  }),
  mumbleUpstreamName: setting(text({ maxLength: 64 }), {
    default: 'Partyline',
    help: 'The name of the user on the other Mumble server that listens for a room, and speaks for everyone who has no user there.',
  }),
  mumbleUpstreamPeople: setting(integer({ min: 0, max: 1000 }), {
    default: 50,
    help: 'Maximum number of people of this server who are users on the other Mumble server. All others speak there through one user of their room. 0: everybody does.',
  }),
  mumbleUpstreamConnects: setting(integer({ min: 1, max: 1000 }), {
    default: 8,
    help: 'Maximum number of connections to the other Mumble server that begin within 120 seconds. Unless it is configured otherwise (autobanAttempts), it bans an address after ten.',
  }),
};
