import type { Logger } from 'pino';
import type { Clock, Millis } from '../../lib/clock.ts';
import { webhookHeaders } from '../../lib/webhook-signature.ts';
import type { Post, PostAnswer } from './post.ts';

/** An event in its serialized form. */
export interface WebhookMessage {
  readonly id: string;
  readonly body: string;
  /** When it happened (monotonic). */
  readonly atMs: Millis;
  /** People can cause any number of these: they are dropped before they take the room of others. */
  readonly isMinor?: boolean;
}

export interface DeliveryQueueOptions {
  readonly url: string;
  readonly key: Buffer;
  readonly post: Post;
  readonly clock: Clock;
  readonly log: Logger;
  /** Returns a number from 0 to 1, for the delays between attempts. */
  readonly random: () => number;
}

/** What was delivered, and what is still waiting. */
export interface DeliveryFigures {
  readonly host: string;
  readonly waiting: number;
  readonly delivered: number;
  readonly failed: number;
  readonly dropped: number;
}

const MAX_WAITING = 1000;
const MAX_WAITING_FOR_MINOR = MAX_WAITING / 2;
const TIMEOUT_MS: Millis = 10_000;
const FIRST_DELAY_MS: Millis = 500;
const MAX_DELAY_MS: Millis = 60_000;
/** An event that could not be delivered for this long is dropped. */
const MAX_AGE_MS: Millis = 15 * 60_000;
/** RFC 9110 section 15: the 4xx codes for which the same request may succeed later. */
const MAYBE_LATER: ReadonlySet<number> = new Set([408, 421, 423, 425, 429]);
/** The receiver has moved permanently or does not support the request. Redirects are not followed. */
const NEVER: ReadonlySet<number> = new Set([301, 308, 501, 505]);

/** Delivers events to one URL: one at a time, in order, each until it is accepted or too old. */
export class DeliveryQueue {
  readonly #options: DeliveryQueueOptions;
  /** The rest of the URL may be secret. */
  readonly #host: string;
  readonly #waiting: WebhookMessage[] = [];
  readonly #abort = new AbortController();
  #running = false;
  #closing = false;
  /** Failed attempts of the current message. */
  #failures = 0;
  #endPause: () => void = () => {};
  #wakeIdle: () => void = () => {};
  #delivered = 0;
  #failed = 0;
  #dropped = 0;

  constructor(options: DeliveryQueueOptions) {
    this.#options = options;
    this.#host = new URL(options.url).host;
  }

  get figures(): DeliveryFigures {
    const [host, waiting] = [this.#host, this.#waiting.length];
    return { host, waiting, delivered: this.#delivered, failed: this.#failed, dropped: this.#dropped };
  }

  /** Returns at once. */
  add(message: WebhookMessage): void {
    if (message.isMinor && this.#waiting.length >= MAX_WAITING_FOR_MINOR) {
      this.#countDrop(message, 'too many events waiting');
      return;
    }
    // The first may be in flight, so the oldest of the others is dropped.
    if (this.#waiting.length >= MAX_WAITING) this.#drop(1, 'too many events waiting');
    this.#waiting.push(message);
    if (!this.#running) void this.#run();
  }

  /** Sends the remaining events without pauses between attempts, and drops those left after `graceMs`. */
  async close(graceMs: Millis): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    if (!this.#running) return;
    const { clock, log } = this.#options;
    const idle = new Promise<void>((resolve) => {
      this.#wakeIdle = resolve;
    });
    const cancel = clock.setTimer(clock.now() + graceMs, () => {
      this.#abort.abort();
      this.#endPause();
    });
    this.#endPause();
    await idle;
    cancel();
    const { waiting } = this.figures;
    if (waiting > 0) log.warn({ host: this.#host, events: waiting }, 'webhook events discarded at shutdown');
    this.#dropped += this.#waiting.splice(0).length;
  }

  async #run(): Promise<void> {
    this.#running = true;
    for (let next = this.#waiting[0]; next !== undefined && !this.#abort.signal.aborted; next = this.#waiting[0]) {
      const delayMs = await this.#try(next);
      if (delayMs > 0 && !this.#abort.signal.aborted) await this.#pause(delayMs);
    }
    this.#running = false;
    this.#wakeIdle();
  }

  /** Returns the delay until the next attempt, of this message or of the next one. */
  async #try(message: WebhookMessage): Promise<Millis> {
    const { url, key, post, clock, log } = this.#options;
    const { id, body, atMs } = message;
    const timestampS = Math.floor(clock.wallNow() / 1000);
    const headers = webhookHeaders(key, { id, timestampS, body });
    const answer = await post({ url, headers, body, timeoutMs: TIMEOUT_MS, signal: this.#abort.signal }).catch(
      (error: unknown) => ({ failure: reasonOf(error) }),
    );
    if ('status' in answer && answer.status >= 200 && answer.status < 300) {
      this.#delivered++;
      this.#failures = 0;
      this.#remove(message);
      return 0;
    }
    this.#failed++;
    this.#failures++;
    const reason = 'status' in answer ? `status ${answer.status}` : answer.failure;
    log.warn({ host: this.#host, event: id, tries: this.#failures, reason }, 'webhook not delivered');
    const isRefused = 'status' in answer && isRefusedForGood(answer.status);
    if (!isRefused && clock.now() - atMs < MAX_AGE_MS) return this.#delayMs(answer);
    this.#failures = 0;
    const index = this.#waiting.indexOf(message);
    if (index >= 0) this.#drop(index, isRefused ? 'permanently refused' : 'too old');
    return 0;
  }

  #delayMs(answer: PostAnswer | { readonly failure: string }): Millis {
    // During shutdown, one attempt per second does no harm.
    if (this.#closing) return FIRST_DELAY_MS;
    const wanted = 'retryAfterMs' in answer ? (answer.retryAfterMs ?? 0) : 0;
    const backoffMs = FIRST_DELAY_MS * 2 ** Math.min(this.#failures - 1, 16);
    // Half of the delay is random, so that many servers do not send in waves.
    const jittered = Math.min(MAX_DELAY_MS, backoffMs) * (0.5 + this.#options.random() / 2);
    return Math.min(MAX_DELAY_MS, Math.max(wanted, jittered));
  }

  #pause(delayMs: Millis): Promise<void> {
    const { clock } = this.#options;
    return new Promise((resolve) => {
      const cancelTimer = clock.setTimer(clock.now() + delayMs, resolve);
      this.#endPause = () => {
        cancelTimer();
        resolve();
      };
    });
  }

  /** False if it was dropped in the meantime. */
  #remove(message: WebhookMessage): boolean {
    const index = this.#waiting.indexOf(message);
    if (index >= 0) this.#waiting.splice(index, 1);
    return index >= 0;
  }

  #drop(index: number, reason: string): void {
    const [dropped] = this.#waiting.splice(index, 1);
    this.#countDrop(dropped, reason);
  }

  #countDrop(message: WebhookMessage | undefined, reason: string): void {
    this.#dropped++;
    this.#options.log.warn({ host: this.#host, event: message?.id, reason }, 'webhook event dropped');
  }
}

/** Whether the same request would get the same answer, however often it is sent. */
function isRefusedForGood(status: number): boolean {
  return NEVER.has(status) || (status >= 400 && status < 500 && !MAYBE_LATER.has(status));
}

/** `fetch` only says "fetch failed"; the reason is in its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (cause instanceof Error) return 'code' in cause ? String(cause.code) : cause.message;
  return error.message;
}
