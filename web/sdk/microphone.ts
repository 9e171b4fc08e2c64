/** Why there is no microphone. Each reason requires a different action from the person. */
export type MicrophoneFailure =
  /** The person, the browser or the system refused. */
  | 'denied'
  /** There is no microphone, or not the requested one. */
  | 'none'
  /** Another program uses it, or the device failed. */
  | 'in_use'
  /** Browsers allow microphones only on https:// and localhost pages. */
  | 'insecure_origin'
  /** The browser has no getUserMedia. */
  | 'unsupported'
  /** The microphone does not support what was requested. */
  | 'overconstrained'
  | 'other';

export type MicrophoneResult =
  | { readonly ok: true; readonly track: MediaStreamTrack }
  | { readonly ok: false; readonly failure: MicrophoneFailure; readonly detail: string };

/** The browser's processing of the voice before sending. Good for speech, harmful for music. */
export interface SoundProcessing {
  readonly echoCancellation: boolean;
  readonly noiseSuppression: boolean;
  readonly autoGainControl: boolean;
}

export interface MicrophoneRequest {
  readonly processing: SoundProcessing;
  /**
   * A `deviceId` from `listDevices`; if omitted or empty, the browser chooses. A missing device is replaced by the default one.
   */
  readonly deviceId?: string;
}

/** The part of `navigator.mediaDevices` that is needed; undefined on an insecure origin. */
export type MicrophoneSource = Pick<MediaDevices, 'getUserMedia'> | undefined;

/** Requests a microphone. Never rejects: every failure is a result. */
export async function openMicrophone(
  request: MicrophoneRequest,
  source: MicrophoneSource = globalThis.navigator?.mediaDevices,
  isSecureContext: boolean = globalThis.isSecureContext ?? true,
): Promise<MicrophoneResult> {
  if (!source?.getUserMedia) {
    return { ok: false, failure: isSecureContext ? 'unsupported' : 'insecure_origin', detail: '' };
  }
  const audio: MediaTrackConstraints = { ...request.processing, channelCount: { ideal: 1 } };
  if (request.deviceId) audio.deviceId = { ideal: request.deviceId };
  try {
    const stream = await source.getUserMedia({ audio });
    const track = stream.getAudioTracks()[0];
    return track ? { ok: true, track } : { ok: false, failure: 'none', detail: '' };
  } catch (thrown) {
    return { ok: false, ...explain(thrown, isSecureContext) };
  }
}

const FAILURES: Readonly<Record<string, MicrophoneFailure>> = {
  NotAllowedError: 'denied',
  NotFoundError: 'none',
  NotReadableError: 'in_use',
  AbortError: 'in_use',
  OverconstrainedError: 'overconstrained',
  NotSupportedError: 'unsupported',
};

function explain(thrown: unknown, isSecureContext: boolean): { failure: MicrophoneFailure; detail: string } {
  // Not every browser's OverconstrainedError is an Error, but it always has a name.
  const { name = '', message = '' } = (thrown ?? {}) as { name?: string; message?: string };
  const detail = `${name}: ${message}`;
  if (name === 'SecurityError') return { failure: isSecureContext ? 'denied' : 'insecure_origin', detail };
  return { failure: FAILURES[name] ?? 'other', detail };
}
