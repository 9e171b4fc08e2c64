/**
 * Every error that a participant or an operator can meet, with a stable code, whose fault it is, and how each
 * protocol says it. `fault` decides what happens: a `user` error is told and the session goes on, a `protocol` error
 * means that the client is broken, a `server` error is ours and is logged.
 */
export interface ErrorKind {
  readonly fault: 'user' | 'protocol' | 'server';
  /** RFC 9110 status, where the error is answered over HTTP. */
  readonly httpStatus: number;
  /** RFC 6455 section 7.4 close code if the error ends the WebSocket, otherwise null: the session goes on. */
  readonly closeCode: number | null;
  readonly message: string;
}

export const ERRORS = {
  malformed_message: {
    fault: 'protocol',
    httpStatus: 400,
    closeCode: null,
    message: 'The message is not a JSON object of a known shape.',
  },
  unknown_type: { fault: 'protocol', httpStatus: 400, closeCode: null, message: 'The message type is not known.' },
  message_too_large: {
    fault: 'protocol',
    httpStatus: 413,
    closeCode: 1009,
    message: 'The message is larger than the server accepts.',
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
    message: 'This connection has joined a room already.',
  },
  invalid_name: { fault: 'user', httpStatus: 400, closeCode: null, message: 'A name has 1 to 64 characters.' },
  invalid_room: {
    fault: 'user',
    httpStatus: 400,
    closeCode: null,
    message: 'A room name has 1 to 64 letters, digits, "-", "_" or ".".',
  },
  room_locked: {
    fault: 'user',
    httpStatus: 423,
    closeCode: null,
    message: 'A moderator has locked the room: nobody new gets in.',
  },
  password_required: { fault: 'user', httpStatus: 401, closeCode: null, message: 'This room has a password.' },
  wrong_password: { fault: 'user', httpStatus: 403, closeCode: null, message: 'The password is wrong.' },
  token_required: {
    fault: 'user',
    httpStatus: 401,
    closeCode: null,
    message: 'This server lets in only those who have a join token.',
  },
  token_invalid: { fault: 'user', httpStatus: 401, closeCode: null, message: 'The join token is not valid.' },
  token_expired: { fault: 'user', httpStatus: 401, closeCode: null, message: 'The join token has expired.' },
  not_allowed: { fault: 'user', httpStatus: 403, closeCode: null, message: 'You may not do this.' },
  unknown_participant: {
    fault: 'user',
    httpStatus: 404,
    closeCode: null,
    message: 'This participant is not in the room.',
  },
  unknown_ban: {
    fault: 'user',
    httpStatus: 404,
    closeCode: null,
    message: 'This identity is not kept out of the room.',
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
    message: 'This server records nobody; its operator can allow it (allow-capture).',
  },
  capture_running: {
    fault: 'user',
    httpStatus: 409,
    closeCode: null,
    message: 'A capture of this participant is running already.',
  },
  room_full: { fault: 'user', httpStatus: 409, closeCode: null, message: 'The room is full.' },
  too_many_rooms: {
    fault: 'user',
    httpStatus: 503,
    closeCode: null,
    message: 'The server has as many rooms as it may have.',
  },
  sdp_too_large: {
    fault: 'protocol',
    httpStatus: 413,
    closeCode: null,
    message: 'The session description is larger than the server accepts.',
  },
  invalid_sdp: {
    fault: 'protocol',
    httpStatus: 400,
    closeCode: null,
    message: 'The session description cannot be used.',
  },
  cannot_restart: {
    fault: 'user',
    httpStatus: 409,
    closeCode: null,
    message: 'There is no media connection that this offer could restart.',
  },
  media_unavailable: {
    fault: 'server',
    httpStatus: 503,
    closeCode: null,
    message: 'The media plane cannot take this connection now.',
  },
  server_busy: {
    fault: 'user',
    httpStatus: 503,
    closeCode: null,
    message: 'The server has too much to do to take in somebody else now.',
  },
  forbidden_origin: {
    fault: 'user',
    httpStatus: 403,
    closeCode: null,
    message: 'Pages of this origin may not use this server.',
  },
  unknown_host: {
    fault: 'user',
    httpStatus: 421,
    closeCode: null,
    message: 'This server does not go by this name.',
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
    message: 'Too many offers at a time. Try again in a moment.',
  },
  too_many_connections: {
    fault: 'user',
    httpStatus: 503,
    closeCode: null,
    message: 'The server has as many connections as it may have.',
  },
  replaced: {
    fault: 'user',
    httpStatus: 409,
    closeCode: 4001,
    message: 'This participant has joined again from another connection.',
  },
  server_draining: {
    fault: 'user',
    httpStatus: 503,
    closeCode: null,
    message: 'The server is about to end and takes nobody new.',
  },
  room_closed: { fault: 'user', httpStatus: 409, closeCode: 4004, message: 'The room has been closed.' },
  unknown_room: { fault: 'user', httpStatus: 404, closeCode: null, message: 'There is no such room.' },
  room_exists: { fault: 'user', httpStatus: 409, closeCode: null, message: 'There is a room of this name already.' },
  identity_present: {
    fault: 'user',
    httpStatus: 409,
    closeCode: null,
    message: 'Somebody with the same identity is in that room already.',
  },
  tokens_off: {
    fault: 'user',
    httpStatus: 409,
    closeCode: null,
    message: 'This server has no secret to sign join tokens with.',
  },
  api_off: {
    fault: 'user',
    httpStatus: 404,
    closeCode: null,
    message: 'The API is off, because the server was started without an admin token.',
  },
  admin_token_required: {
    fault: 'user',
    httpStatus: 401,
    closeCode: null,
    message: 'This needs the admin token, in the header "Authorization: Bearer TOKEN".',
  },
  admin_token_wrong: { fault: 'user', httpStatus: 401, closeCode: null, message: 'The admin token is wrong.' },
  not_found: { fault: 'user', httpStatus: 404, closeCode: null, message: 'There is nothing under this address.' },
  method_not_allowed: {
    fault: 'user',
    httpStatus: 405,
    closeCode: null,
    message: 'This address does not know the method.',
  },
  invalid_request: {
    fault: 'user',
    httpStatus: 400,
    closeCode: null,
    message: 'The request does not have the form that the API asks for.',
  },
  request_too_large: {
    fault: 'user',
    httpStatus: 413,
    closeCode: null,
    message: 'The body of the request is larger than the server accepts.',
  },
  unsupported_media_type: {
    fault: 'user',
    httpStatus: 415,
    closeCode: null,
    message: 'The body of a request has to be JSON (application/json).',
  },
  server_closing: { fault: 'server', httpStatus: 503, closeCode: 1012, message: 'The server is closing.' },
  internal: { fault: 'server', httpStatus: 500, closeCode: 1011, message: 'Something failed inside the server.' },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERRORS;

/** An error of the table, with an optional detail for a person: what was wrong in this very case. */
export class AppError extends Error {
  readonly code: ErrorCode;
  /** When it is worth trying again, in milliseconds from now. */
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, detail?: string, { retryAfterMs }: { readonly retryAfterMs?: number } = {}) {
    super(detail === undefined ? ERRORS[code].message : `${ERRORS[code].message} ${detail}`);
    this.name = 'AppError';
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }

  get kind(): ErrorKind {
    return ERRORS[this.code];
  }
}

/** What is thrown may be anything; this is what may be told: an `AppError` as it is, everything else as `internal`. */
export function toAppError(thrown: unknown): AppError {
  return thrown instanceof AppError ? thrown : new AppError('internal');
}
