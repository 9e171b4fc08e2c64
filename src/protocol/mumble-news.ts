/**
 * What the clients of a room are told that is coupled with a channel of another Mumble server, as a message `data` from
 * null under this topic. Without one, all is well, or the room is not coupled.
 */
export const MUMBLE_TOPIC = 'partyline.mumble';

export type MumbleNews =
  | { readonly state: 'connected' }
  /** On Mumble this participant is heard as part of one user with this name, with others. */
  | { readonly state: 'shared'; readonly name: string }
  /** The other server does not let this participant speak. */
  | { readonly state: 'silenced' }
  /** Somebody is in the channel who may not be in the room, so nothing is sent there. */
  | { readonly state: 'withheld' }
  /** People on Mumble neither hear the room nor are heard. */
  | { readonly state: 'away'; readonly reason: 'unreachable' | 'full' | 'banned' | 'refused' };
