/** Plays the endless WebM of a room with Media Source Extensions, close to its end. */
import { AHEAD_S, correctionOf } from './live-edge.ts';

/** Why nothing is played any more: the code of a problem, or that the stream has ended or broken. */
export interface End {
  readonly code: string;
  readonly retryAfterS: number;
}

const TYPE = 'audio/webm; codecs="opus"';
/** Sound that was played is kept for this long. */
const KEPT_S = 10;
const RETRY_S = 2;

/** The kind of source that this browser has, if it plays the stream; Safari on phones has only the managed one. */
function mediaSource(): typeof MediaSource | undefined {
  const { ManagedMediaSource } = globalThis as { ManagedMediaSource?: typeof MediaSource };
  return [globalThis.MediaSource, ManagedMediaSource].find((source) => source?.isTypeSupported(TYPE));
}

export function canPlay(): boolean {
  return mediaSource() !== undefined;
}

export interface PlayOptions {
  readonly audio: HTMLAudioElement;
  readonly url: string;
  /** A join token. */
  readonly token: string | null;
  readonly signal: AbortSignal;
  readonly onSound: () => void;
}

/** Resolves when it has ended, for whatever reason. */
export async function play(options: PlayOptions): Promise<End> {
  const { audio, url, token, signal } = options;
  try {
    const response = await fetch(url, {
      headers: token === null ? {} : { Authorization: `Bearer ${token}` },
      cache: 'no-store',
      signal,
    });
    if (!response.ok || response.body === null) return await problemOf(response);
    const source = new (mediaSource() ?? MediaSource)();
    audio.disableRemotePlayback = true;
    audio.src = URL.createObjectURL(source);
    try {
      await happened(source, 'sourceopen');
      await feed(source, response.body.getReader(), options);
    } finally {
      URL.revokeObjectURL(audio.src);
      audio.removeAttribute('src');
      audio.load();
    }
  } catch {
    // What has broken is tried again.
  }
  return { code: 'ended', retryAfterS: RETRY_S };
}

async function feed(
  source: MediaSource,
  reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>,
  { audio, onSound }: PlayOptions,
): Promise<void> {
  const buffer = source.addSourceBuffer(TYPE);
  // The room may be hours old, and the player begins now.
  buffer.mode = 'sequence';
  let isPlaying = false;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    buffer.appendBuffer(value);
    await happened(buffer, 'updateend');
    const { buffered } = buffer;
    if (buffered.length === 0) continue;
    const end = buffered.end(buffered.length - 1);
    if (isPlaying) {
      const { seekTo, playbackRate } = correctionOf(audio.currentTime, end, audio.playbackRate);
      if (seekTo !== undefined) audio.currentTime = seekTo;
      if (audio.playbackRate !== playbackRate) audio.playbackRate = playbackRate;
    } else if (end - buffered.start(0) >= AHEAD_S) {
      isPlaying = true;
      audio.currentTime = end - AHEAD_S;
      // It may begin only when more has come.
      audio.play().then(onSound, () => reader.cancel());
    }
    if (audio.currentTime - buffered.start(0) > 2 * KEPT_S) {
      buffer.remove(0, audio.currentTime - KEPT_S);
      await happened(buffer, 'updateend');
    }
  }
}

async function problemOf(response: Response): Promise<End> {
  const { code = 'ended' } = (await response.json().catch(() => ({}))) as { readonly code?: string };
  return { code, retryAfterS: Number(response.headers.get('retry-after')) || RETRY_S };
}

function happened(target: EventTarget, name: string): Promise<unknown> {
  return new Promise((resolve) => target.addEventListener(name, resolve, { once: true }));
}
