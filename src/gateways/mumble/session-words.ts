/** How Mumble clients learn why something ended or did not begin. */
import type { EndReason } from '../../rooms/events.ts';
import { REJECT } from './wire/messages.ts';

/** Of a line that a client may send, with its HTML. */
export const MAX_TEXT_LENGTH = 8000;

/** Why somebody is no longer in a room. */
export type MembershipEnd = EndReason | 'connection_lost';

/** What a client does after an error when it logs in: those of a password make it ask for one. */
export const REJECTIONS: Readonly<Record<string, number>> = {
  invalid_name: REJECT.invalidName,
  name_reserved: REJECT.nameInUse,
  password_required: REJECT.wrongServerPassword,
  wrong_password: REJECT.wrongServerPassword,
  token_required: REJECT.wrongServerPassword,
  token_invalid: REJECT.wrongServerPassword,
  token_expired: REJECT.wrongServerPassword,
  room_full: REJECT.serverFull,
  server_draining: REJECT.noNewConnections,
  server_closing: REJECT.noNewConnections,
};
/** Errors for which somebody is let in nevertheless, into the root. */
export const ROOT_INSTEAD: ReadonlySet<string> = new Set(['room_full', 'room_locked', 'too_many_rooms', 'server_busy']);
/** Shown to whoever is removed. */
export const END_WORDS: Readonly<Record<MembershipEnd, string>> = {
  replaced: 'You have connected from another device.',
  kicked: 'A moderator has removed you.',
  room_closed: 'The room is closed.',
  server_closing: 'The server is closing.',
  owner_left: '',
  connection_lost: 'The connection is lost.',
};
