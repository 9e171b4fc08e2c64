import type { AppError } from '../lib/errors.ts';
import type { ServerMessage } from '../protocol/messages.ts';

/** What a client is told of an error: the error itself, or where the room is. */
export function errorMessage(
  { code, message, retryAfterMs, url }: AppError,
  requestId: number | undefined,
): ServerMessage {
  if (url !== undefined) return { type: 'redirect', url };
  return {
    type: 'error',
    code,
    message,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(requestId !== undefined && { requestId }),
  };
}
