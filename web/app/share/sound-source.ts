/** Where a shared sound comes from: the sound of a tab or a screen, or an audio file that the page plays. */

export interface SoundSource {
  readonly track: MediaStreamTrack;
  /** What it is, as far as known. */
  readonly title: string;
  /** The browser's own button, or the end of the file, has ended it. Called once. */
  onEnded: () => void;
  close(): void;
}

/** Why there is nothing to share. `cancelled`: the person has changed their mind. */
export type SourceFailure = 'cancelled' | 'no_sound' | 'echo' | 'unplayable' | 'unsupported';

export class SourceError extends Error {
  readonly failure: SourceFailure;

  constructor(failure: SourceFailure) {
    super(failure);
    this.failure = failure;
  }
}

/** Music is not speech: these three would damage it or make it mono. */
const UNPROCESSED = { echoCancellation: false, noiseSuppression: false, autoGainControl: false, channelCount: 2 };

/** Options that TypeScript does not know yet. Browsers ignore what they do not know. */
interface DisplayOptions extends DisplayMediaStreamOptions {
  readonly audio: MediaTrackConstraints & {
    readonly suppressLocalAudioPlayback: boolean;
    readonly restrictOwnAudio: boolean;
  };
  readonly systemAudio: 'include';
  readonly selfBrowserSurface: 'exclude';
  readonly surfaceSwitching: 'include';
}

const DISPLAY: DisplayOptions = {
  // Without video, Chromium refuses; it is stopped at once.
  video: true,
  audio: { ...UNPROCESSED, suppressLocalAudioPlayback: false, restrictOwnAudio: true },
  systemAudio: 'include',
  selfBrowserSurface: 'exclude',
  surfaceSwitching: 'include',
};

/** Whether this browser can share the sound of a tab. Others show the picker and then give no sound. */
export function canShareTab(): boolean {
  const isChromium = 'userAgentData' in navigator;
  return isChromium && typeof navigator.mediaDevices?.getDisplayMedia === 'function';
}

/** Call it from a click. Rejects with a `SourceError`. */
export async function tabSound(): Promise<SoundSource> {
  const stream = await navigator.mediaDevices.getDisplayMedia(DISPLAY).catch((error: unknown) => {
    throw new SourceError(
      error instanceof DOMException && error.name === 'NotAllowedError' ? 'cancelled' : 'unsupported',
    );
  });
  const [video] = stream.getVideoTracks();
  const surface = video?.getSettings().displaySurface;
  for (const track of stream.getVideoTracks()) track.stop();
  const [track] = stream.getAudioTracks();
  if (track === undefined) throw new SourceError('no_sound');
  const settings: MediaTrackSettings & { readonly restrictOwnAudio?: boolean } = track.getSettings();
  // The sound of the whole system contains the voices of this room, which would hear themselves.
  if (surface !== 'browser' && settings.restrictOwnAudio !== true) {
    track.stop();
    throw new SourceError('echo');
  }
  const source: SoundSource = { track, title: '', onEnded: () => {}, close: () => track.stop() };
  track.onended = () => source.onEnded();
  return source;
}

/** Plays the file for the room and for whoever shares it. Rejects with a `SourceError`. */
export async function fileSound(file: File): Promise<SoundSource> {
  const player = new Audio(URL.createObjectURL(file));
  const context = new AudioContext({ sampleRate: 48_000 });
  const close = () => {
    player.pause();
    URL.revokeObjectURL(player.src);
    void context.close();
  };
  const output = context.createMediaStreamDestination();
  output.channelCount = 2;
  const input = context.createMediaElementSource(player);
  input.connect(output);
  // The room does not send it back.
  input.connect(context.destination);
  try {
    await Promise.all([context.resume(), player.play()]);
  } catch {
    close();
    throw new SourceError('unplayable');
  }
  const [track] = output.stream.getAudioTracks();
  if (track === undefined) throw new SourceError('unplayable');
  const source: SoundSource = { track, title: file.name, onEnded: () => {}, close };
  player.onended = () => source.onEnded();
  return source;
}
