import type { ErrorCode } from '../../src/protocol/messages.ts';

export type { ErrorCode };

/**
 * State of the audio. `blocked`: ten seconds of attempts have failed; UDP probably does not reach the server. `busy`:
 * the server is too busy to accept anyone else; the client asks again from time to time.
 */
export type MediaState = 'connecting' | 'connected' | 'blocked' | 'busy';

/**
 * Why the connection ended: the participant left, the server could not be reached for the first join, the application
 * had no token for it, or the server refused with this code.
 */
export type CloseReason = 'left' | 'unreachable' | 'token_unavailable' | ErrorCode;

export type ConnectionState =
  | { readonly status: 'idle' }
  | { readonly status: 'connecting' }
  /** In the room. Audio flows when `media` is `connected`. */
  | { readonly status: 'connected'; readonly media: MediaState }
  /**
   * The server cannot be reached, but audio may still flow: `hasSound`. If the server has said why, `reason` is its
   * code; with `server_closing`, no audio flows. `nextTryAtMs` is in the time of `performance.now()`; it lies in the past
   * during an attempt.
   */
  | {
      readonly status: 'reconnecting';
      readonly reason: CloseReason;
      readonly attempt: number;
      readonly nextTryAtMs: number;
      readonly hasSound: boolean;
    }
  | {
      readonly status: 'closed';
      readonly reason: CloseReason;
      readonly message: string;
      /** If it is worth trying again later, or a ban ends: how long that was from then. */
      readonly retryAfterMs?: number;
    };

/** Errors that another attempt would get again. */
const FATAL: ReadonlySet<string> = new Set<ErrorCode>([
  'invalid_name',
  'name_reserved',
  'invalid_room',
  'room_full',
  'too_many_rooms',
  'too_many_rooms_of_address',
  'message_too_large',
  'sdp_too_large',
  'invalid_sdp',
  'replaced',
  'room_locked',
  'password_required',
  'wrong_password',
  'token_required',
  'token_invalid',
  'token_expired',
  'kicked',
  'room_closed',
]);
/** Errors that end the WebSocket, in case the final message was lost. */
const REASON_OF_CLOSE_CODE: ReadonlyMap<number, ErrorCode> = new Map([
  [4001, 'replaced'],
  [4003, 'kicked'],
  [4004, 'room_closed'],
]);

export function fatalReason(closeCode: number): ErrorCode | undefined {
  return REASON_OF_CLOSE_CODE.get(closeCode);
}

export function isFatal(code: ErrorCode): boolean {
  return FATAL.has(code);
}

/** Whether audio may flow after the WebSocket was lost for this reason. A server that is closing ends the audio as well. */
export function hasSound(reason: CloseReason, media: MediaState | undefined): boolean {
  return reason !== 'server_closing' && media === 'connected';
}
