import type { MicrophoneFailure } from './microphone.ts';

/** Why a device cannot be used: a code, and the browser's own words as the message. */
export class DeviceError extends Error {
  readonly code: MicrophoneFailure;
  readonly kind: 'audioinput' | 'audiooutput';

  /** @internal */
  constructor(kind: 'audioinput' | 'audiooutput', code: MicrophoneFailure, message: string) {
    super(message || code);
    this.name = 'DeviceError';
    this.kind = kind;
    this.code = code;
  }
}
