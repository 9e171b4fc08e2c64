import type { Clock, Millis } from '../../lib/clock.ts';

export interface PostRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly timeoutMs: Millis;
  /** Aborts the request. */
  readonly signal: AbortSignal;
}

export interface PostAnswer {
  readonly status: number;
  /** RFC 9110 section 10.2.3, if given in seconds. */
  readonly retryAfterMs: Millis | null;
}

/** Rejects if there is no answer in time. */
export type Post = (request: PostRequest) => Promise<PostAnswer>;

/** Uses `fetch`, does not follow redirects, and does not read the response body. */
export function createPost(clock: Clock): Post {
  return async ({ url, headers, body, timeoutMs, signal }) => {
    const timeout = new AbortController();
    const cancel = clock.setTimer(clock.now() + timeoutMs, () => timeout.abort(new Error('no answer in time')));
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json; charset=utf-8', 'user-agent': 'Partyline', ...headers },
        body,
        redirect: 'manual',
        signal: AbortSignal.any([timeout.signal, signal]),
      });
      await response.body?.cancel();
      const retryAfter = response.headers.get('retry-after') ?? '';
      return { status: response.status, retryAfterMs: /^\d{1,6}$/.test(retryAfter) ? Number(retryAfter) * 1000 : null };
    } finally {
      cancel();
    }
  };
}
