import type { CloseReason } from './connection-state.ts';

/**
 * `media_failed`: the browser refused the session description. `already_connected`: leave the room first. The others
 * are those of `CloseReason`.
 */
export type VoiceErrorCode = CloseReason | 'media_failed' | 'already_connected';

/** A failure that the person should know about. `code` is for programs, `message` for people. */
export class VoiceError extends Error {
  readonly code: VoiceErrorCode;

  constructor(code: VoiceErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'VoiceError';
    this.code = code;
  }
}
