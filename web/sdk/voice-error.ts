import type { CloseReason } from './connection-state.ts';

/**
 * `media_failed`: the browser refused the session description. `already_connected`: leave the room first. The others
 * are those of `CloseReason`.
 */
export type VoiceErrorCode = CloseReason | 'media_failed' | 'already_connected';

/** A failure that the person should know about. `code` is for programs, `message` for people. */
export class VoiceError extends Error {
  readonly code: VoiceErrorCode;
  /** When it may work, if that is known. */
  readonly retryAfterMs: number | undefined;

  constructor(code: VoiceErrorCode, message: string, retryAfterMs?: number) {
    super(message);
    this.name = 'VoiceError';
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}
