import { announcements, choice, hostOrNone, integer, onOff } from './kinds.ts';
import { setting } from './setting.ts';

/** The settings of WHIP, WHEP, sound over HTTP, forwards and plain RTP; part of `SETTINGS`. */
export const BROADCAST_SETTINGS = {
  whip: setting(onOff(), {
    default: 'off',
    help: 'Whether programs such as OBS may send sound into rooms (WHIP), to /whip/ROOM.',
  }),
  whep: setting(onOff(), {
    default: 'off',
    help: 'Whether players may listen to rooms without being in them (WHEP), at /whep/ROOM.',
  }),
  live: setting(choice(['off', 'on', 'token', 'public']), {
    default: 'off',
    help: 'Who may listen to rooms over HTTP, at /live/ROOM.opus, /live/ROOM.webm and on the page /listen/ROOM. "on": anyone who may join without a password or a token, and everyone with a token. "token": only with a token. "public": anyone, even if joining needs a password or a token. The API can decide otherwise for single rooms.',
  }),
  forwardTargets: setting(announcements(), {
    default: [],
    help: 'Hosts to which the API may send the sound of rooms (Icecast). Without a port: any port. Empty: none.',
  }),
  rtpIn: setting(hostOrNone(), {
    default: '',
    help: 'Address at which the API opens UDP ports that take sound by plain RTP or SRTP. Empty: it opens none.',
  }),
  rtpTargets: setting(announcements(), {
    default: [],
    help: 'Hosts to which the API may send the sound of rooms by RTP. Without a port: any port. Empty: none.',
  }),
  maxPublishers: setting(integer({ min: 0, max: 10_000 }), {
    default: 100,
    help: 'Maximum number of programs that send sound by WHIP at a time.',
  }),
  maxListeners: setting(integer({ min: 0, max: 100_000 }), {
    default: 500,
    help: 'Maximum number of listeners by WHEP at a time.',
  }),
  maxLiveListeners: setting(integer({ min: 0, max: 100_000 }), {
    default: 1000,
    help: 'Maximum number of listeners over HTTP at a time. Each uses one of the HTTP connections (max-connections).',
  }),
};
