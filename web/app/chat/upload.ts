import { VoiceError, type VoiceErrorCode } from '../../sdk/voice-error.ts';
import type { Prepared } from './picture.ts';

/** Small enough for a slow line, because a request may take no longer than some seconds. */
const PIECE_BYTES = 131_072;
/** What a refused piece means; anything else may come from a proxy. */
const CODES: Readonly<Record<number, VoiceErrorCode>> = {
  404: 'unknown_chat_file',
  413: 'file_too_large',
  429: 'rate_limited',
};

export interface UploadOptions {
  /** See `Chat.offerFile`. */
  readonly offer: (name: string, bytes: number) => Promise<string>;
  /** From 0 to 1. */
  readonly onProgress: (progress: number) => void;
  readonly signal: AbortSignal;
  readonly request?: typeof fetch;
}

/**
 * Uploads a file for the chat, and returns its id. Rejects with a `VoiceError`, or the reason of the signal; the server
 * then forgets what it has of it.
 */
export async function upload({ name, content }: Prepared, options: UploadOptions): Promise<string> {
  const { offer, onProgress, signal, request = fetch } = options;
  const path = `/files/new/${await offer(name, content.size)}`;
  try {
    for (let at = 0; at < content.size; at += PIECE_BYTES) {
      const body = content.slice(at, at + PIECE_BYTES);
      const response = await request(`${path}?at=${at}`, { method: 'POST', body, signal });
      if (!response.ok) throw new VoiceError(CODES[response.status] ?? 'unreachable', await response.text());
      onProgress((at + body.size) / content.size);
      const { file } = (await response.json()) as { readonly file: { readonly id: string } | null };
      if (file !== null) return file.id;
    }
    throw new VoiceError('unknown_chat_file', 'The server did not take the file.');
  } catch (thrown) {
    void request(path, { method: 'DELETE', keepalive: true }).catch(() => {});
    // Browsers say no more than that it failed.
    throw thrown instanceof TypeError ? new VoiceError('unreachable', thrown.message) : thrown;
  }
}
