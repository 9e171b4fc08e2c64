import { BOT_ERRORS } from './bot-errors.ts';
import { BROADCAST_ERRORS } from './broadcast-errors.ts';
import type { ErrorCode } from './error-code.ts';
import { PLAYER_ERRORS } from './player-errors.ts';
import { RECORDING_ERRORS } from './recording-errors.ts';
import { SHARING_ERRORS } from './sharing-errors.ts';

/**
 * Every error that a participant or an operator can see, with a stable code, whose fault it is, and how each protocol
 * reports it. `fault` decides what happens: a `user` error is reported and the session continues, a `protocol` error
 * means that the client is broken, and a `server` error is ours and is logged.
 */
export interface ErrorKind {
  readonly fault: 'user' | 'protocol' | 'server';
  /** RFC 9110 status code if the error is returned over HTTP. */
  readonly httpStatus: number;
  /** RFC 6455 section 7.4 close code if the error closes the WebSocket; null if the session continues. */
  readonly closeCode: number | null;
  readonly message: string;
}

export type { ErrorCode };

export const ERRORS = {
  malformed_message: {
    fault: 'protocol',
    httpStatus: 400,
    closeCode: null,
    message: 'The message is not a JSON object in a known format.',
  },
  unknown_type: { fault: 'protocol', httpStatus: 400, closeCode: null, message: 'Unknown message type.' },
  message_too_large: {
    fault: 'protocol',
    httpStatus: 413,
    closeCode: 1009,
    message: "The message exceeds the server's size limit.",
  },
  too_many_messages: {
    fault: 'protocol',
    httpStatus: 429,
    closeCode: 1008,
    message: 'Too many messages in a short time.',
  },
  join_timeout: {
    fault: 'protocol',
    httpStatus: 408,
    closeCode: 1008,
    message: 'The connection did not join a room in time.',
  },
  not_joined: { fault: 'protocol', httpStatus: 409, closeCode: null, message: 'Join a room first.' },
  already_joined: {
    fault: 'protocol',
    httpStatus: 409,
    closeCode: null,
    message: 'This connection has already joined a room.',
  },
  invalid_name: { fault: 'user', httpStatus: 400, closeCode: null, message: 'A name must have 1 to 64 characters.' },
  sign_in_failed: {
    fault: 'user',
    httpStatus: 403,
    closeCode: null,
    message: 'Signing in did not work. Go back and try again.',
  },
  name_reserved: {
    fault: 'user',
    httpStatus: 409,
    closeCode: null,
    message: 'This name belongs to somebody whom this server knows. Choose another one.',
  },
  invalid_room: {
    fault: 'user',
    httpStatus: 400,
    closeCode: null,
    message: 'A room name must have 1 to 64 letters, digits, spaces, "-", "_", "." or "/".',
  },
  room_locked: {
    fault: 'user',
    httpStatus: 423,
    closeCode: null,
    message: 'A moderator has locked the room, so nobody new can join.',
  },
  password_required: { fault: 'user', httpStatus: 401, closeCode: null, message: 'This room requires a password.' },
  wrong_password: { fault: 'user', httpStatus: 403, closeCode: null, message: 'The password is wrong.' },
  token_required: {
    fault: 'user',
    httpStatus: 401,
    closeCode: null,
    message: 'This server requires a join token.',
  },
  token_invalid: { fault: 'user', httpStatus: 401, closeCode: null, message: 'The join token is not valid.' },
  token_expired: { fault: 'user', httpStatus: 401, closeCode: null, message: 'The join token has expired.' },
  not_allowed: { fault: 'user', httpStatus: 403, closeCode: null, message: 'You are not allowed to do this.' },
  unknown_participant: {
    fault: 'user',
    httpStatus: 404,
    closeCode: null,
    message: 'This participant is not in the room.',
  },
  invalid_channel: {
    fault: 'user',
    httpStatus: 400,
    closeCode: null,
    message: 'A channel name must have 1 to 64 letters, digits, "-", "_" or ".".',
  },
  no_space: {
    fault: 'user',
    httpStatus: 409,
    closeCode: null,
    message: 'The room has no space. Send its rules first, or in the same request.',
  },
  too_many_bodies: {
    fault: 'user',
    httpStatus: 409,
    closeCode: null,
    message: "The room's space has reached its maximum number of players.",
  },
  unknown_channel: { fault: 'user', httpStatus: 404, closeCode: null, message: 'The room has no such channel.' },
  too_many_channels: {
    fault: 'user',
    httpStatus: 409,
    closeCode: null,
    message: 'The room has reached its maximum number of channels.',
  },
  not_linked: {
    fault: 'user',
    httpStatus: 409,
    closeCode: null,
    message: 'The room is not linked to any other.',
  },
  channel_full: { fault: 'user', httpStatus: 409, closeCode: null, message: 'The channel is full.' },
  chat_off: { fault: 'user', httpStatus: 403, closeCode: null, message: 'There is no chat in this room.' },
  invalid_text: {
    fault: 'user',
    httpStatus: 400,
    closeCode: null,
    message: 'A chat message must have 1 to 2000 characters and no control characters except line breaks.',
  },
  too_many_lines: {
    fault: 'user',
    httpStatus: 429,
    closeCode: null,
    message: 'Too many chat messages in a short time. Try again in a moment.',
  },
  slow_mode: {
    fault: 'user',
    httpStatus: 429,
    closeCode: null,
    message: 'Slow mode is on in this room: everyone has to wait between two chat messages.',
  },
  unknown_line: { fault: 'user', httpStatus: 404, closeCode: null, message: 'This chat message no longer exists.' },
  not_delivered: {
    fault: 'user',
    httpStatus: 409,
    closeCode: null,
    message: 'This participant cannot receive messages right now.',
  },
  too_many_data: {
    fault: 'user',
    httpStatus: 429,
    closeCode: null,
    message: 'Too much data in a short time. Try again in a moment.',
  },
  data_too_large: {
    fault: 'user',
    httpStatus: 413,
    closeCode: null,
    message: 'The data of one message may have 4096 bytes.',
  },
  ...SHARING_ERRORS,
  unknown_ban: {
    fault: 'user',
    httpStatus: 404,
    closeCode: null,
    message: 'This identity is not banned from the room.',
  },
  too_many_bans: {
    fault: 'user',
    httpStatus: 409,
    closeCode: null,
    message: 'There are too many bans without an end; lift some first.',
  },
  kicked: {
    fault: 'user',
    httpStatus: 403,
    closeCode: 4003,
    message: 'A moderator has removed you from the room.',
  },
  capture_off: {
    fault: 'user',
    httpStatus: 403,
    closeCode: null,
    message: 'Capturing is disabled on this server. Its operator can enable it (allow-capture).',
  },
  capture_running: {
    fault: 'user',
    httpStatus: 409,
    closeCode: null,
    message: 'A capture of this participant is already running.',
  },
  ...RECORDING_ERRORS,
  ...PLAYER_ERRORS,
  ...BOT_ERRORS,
  room_full: { fault: 'user', httpStatus: 409, closeCode: null, message: 'The room is full.' },
  too_many_rooms: {
    fault: 'user',
    httpStatus: 503,
    closeCode: null,
    message: 'The server has reached its maximum number of rooms.',
  },
  too_many_rooms_of_address: {
    fault: 'user',
    httpStatus: 429,
    closeCode: null,
    message:
      'Your address has opened the maximum number of rooms. Join an open room, or wait until one of yours is empty.',
  },
  sdp_too_large: {
    fault: 'protocol',
    httpStatus: 413,
    closeCode: null,
    message: "The session description exceeds the server's size limit.",
  },
  invalid_sdp: {
    fault: 'protocol',
    httpStatus: 400,
    closeCode: null,
    message: 'The session description cannot be used.',
  },
  unusable_offer: {
    fault: 'user',
    httpStatus: 406,
    closeCode: null,
    message: 'The session description offers nothing that can be used here.',
  },
  cannot_restart: {
    fault: 'user',
    httpStatus: 409,
    closeCode: null,
    message: 'There is no media connection for this offer to restart.',
  },
  media_unavailable: {
    fault: 'server',
    httpStatus: 503,
    closeCode: null,
    message: 'The media plane cannot accept this connection right now.',
  },
  room_elsewhere: {
    fault: 'user',
    httpStatus: 421,
    closeCode: null,
    message: 'Another server of the cluster has this room.',
  },
  server_busy: {
    fault: 'user',
    httpStatus: 503,
    closeCode: null,
    message: 'The server is too busy to accept anyone else right now.',
  },
  ...BROADCAST_ERRORS,
  unknown_listener: {
    fault: 'user',
    httpStatus: 404,
    closeCode: null,
    message: 'This listener is not in the room.',
  },
  forbidden_origin: {
    fault: 'user',
    httpStatus: 403,
    closeCode: null,
    message: 'Pages from this origin are not allowed to use this server.',
  },
  unknown_host: {
    fault: 'user',
    httpStatus: 421,
    closeCode: null,
    message: 'This server does not recognize the host name in the request.',
  },
  rate_limited: {
    fault: 'user',
    httpStatus: 429,
    closeCode: null,
    message: 'Too many attempts from your address. Try again later.',
  },
  too_many_offers: {
    fault: 'user',
    httpStatus: 429,
    closeCode: null,
    message: 'Too many offers in a short time. Try again in a moment.',
  },
  too_many_connections: {
    fault: 'user',
    httpStatus: 503,
    closeCode: null,
    message: 'The server has reached its maximum number of connections.',
  },
  replaced: {
    fault: 'user',
    httpStatus: 409,
    closeCode: 4001,
    message: 'This participant has rejoined from another connection.',
  },
  server_draining: {
    fault: 'user',
    httpStatus: 503,
    closeCode: null,
    message: 'The server is about to shut down and accepts no new participants.',
  },
  room_closed: { fault: 'user', httpStatus: 409, closeCode: 4004, message: 'The room has been closed.' },
  unknown_room: { fault: 'user', httpStatus: 404, closeCode: null, message: 'Room not found.' },
  room_exists: { fault: 'user', httpStatus: 409, closeCode: null, message: 'A room with this name already exists.' },
  identity_present: {
    fault: 'user',
    httpStatus: 409,
    closeCode: null,
    message: 'Someone with the same identity is already in that room.',
  },
  tokens_off: {
    fault: 'user',
    httpStatus: 409,
    closeCode: null,
    message: 'This server has no secret for signing join tokens.',
  },
  api_off: {
    fault: 'user',
    httpStatus: 404,
    closeCode: null,
    message: 'The API is off because the server was started without an admin token.',
  },
  admin_token_required: {
    fault: 'user',
    httpStatus: 401,
    closeCode: null,
    message: 'The admin token is required in the header "Authorization: Bearer TOKEN".',
  },
  admin_token_wrong: { fault: 'user', httpStatus: 401, closeCode: null, message: 'The admin token is wrong.' },
  not_found: { fault: 'user', httpStatus: 404, closeCode: null, message: 'Nothing was found at this address.' },
  method_not_allowed: {
    fault: 'user',
    httpStatus: 405,
    closeCode: null,
    message: 'Method not allowed.',
  },
  invalid_request: {
    fault: 'user',
    httpStatus: 400,
    closeCode: null,
    message: 'The request does not match the format that the API expects.',
  },
  request_too_large: {
    fault: 'user',
    httpStatus: 413,
    closeCode: null,
    message: "The request body exceeds the server's size limit.",
  },
  unsupported_media_type: {
    fault: 'user',
    httpStatus: 415,
    closeCode: null,
    message: 'The request body has the wrong media type.',
  },
  server_closing: { fault: 'server', httpStatus: 503, closeCode: 1012, message: 'The server is shutting down.' },
  internal: { fault: 'server', httpStatus: 500, closeCode: 1011, message: 'Internal server error.' },
} as const satisfies Record<ErrorCode, ErrorKind>;

interface ErrorHints {
  readonly retryAfterMs?: number;
  readonly url?: string;
}

/** An error from the table, with an optional human-readable detail about this occurrence. */
export class AppError extends Error {
  readonly code: ErrorCode;
  /** When to try again, in milliseconds from now. */
  readonly retryAfterMs: number | undefined;
  /** With `room_elsewhere`: the WebSocket of the server that has the room. */
  readonly url: string | undefined;

  constructor(code: ErrorCode, detail?: string, { retryAfterMs, url }: ErrorHints = {}) {
    super(detail === undefined ? ERRORS[code].message : `${ERRORS[code].message} ${detail}`);
    this.name = 'AppError';
    this.code = code;
    this.retryAfterMs = retryAfterMs;
    this.url = url;
  }

  get kind(): ErrorKind {
    return ERRORS[this.code];
  }
}

/** Anything may be thrown. Only an `AppError` may be shown as it is; everything else becomes `internal`. */
export function toAppError(thrown: unknown): AppError {
  return thrown instanceof AppError ? thrown : new AppError('internal');
}
