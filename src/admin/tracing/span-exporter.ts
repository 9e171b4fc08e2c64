import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { type Cancel, type Clock, type Millis, within } from '../../lib/clock.ts';
import { reasonOfFetch } from '../../lib/fetch-error.ts';
import type { Span, SpanSink } from '../../lib/span.ts';
import { createPost, type Post } from '../webhooks/post.ts';
import { encodeSpans, type TracedService } from './otlp.ts';

export interface SpanExporterOptions {
  /** Such as `http://127.0.0.1:4318/v1/traces`. */
  readonly url: string;
  readonly version: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly post?: Post;
}

/** How long a span waits for others. */
const COLLECT_MS: Millis = 2000;
/** Of one request: about 40 kB. */
const MAX_BATCH = 100;
/** What waits while a receiver is slow. The oldest are the first to go. */
const MAX_QUEUED = 500;
const TIMEOUT_MS: Millis = 5000;
/** Minimum time between warnings. */
const SILENCE_MS: Millis = 10 * 60_000;

/** Sends spans to a receiver of OTLP, one request at a time. What it does not take is lost, and never sent again. */
export class SpanExporter implements SpanSink {
  readonly #options: Required<SpanExporterOptions>;
  readonly #service: TracedService;
  readonly #abort = new AbortController();
  #queue: Span[] = [];
  #cancel: Cancel | undefined;
  #sending: Promise<void> | undefined;
  #lost = 0;
  #warnedMs = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor(options: SpanExporterOptions) {
    this.#options = { post: createPost(options.clock), ...options };
    this.#service = { version: options.version, instanceId: randomUUID() };
  }

  add(span: Span): void {
    if (this.#closed) return;
    this.#queue.push(span);
    if (this.#queue.length > MAX_QUEUED) {
      this.#queue.shift();
      this.#warn(1, 'the receiver is too slow');
    }
    this.#plan();
  }

  /** Sends what waits, for at most `graceMs`. */
  async close(graceMs: Millis): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancel?.();
    await within(this.#options.clock, graceMs, this.#sendAll());
    this.#abort.abort();
  }

  #plan(): void {
    if (this.#sending !== undefined || this.#cancel !== undefined) return;
    const { clock } = this.#options;
    this.#cancel = clock.setTimer(clock.now() + (this.#queue.length >= MAX_BATCH ? 0 : COLLECT_MS), () => {
      this.#cancel = undefined;
      this.#sending = this.#send().finally(() => {
        this.#sending = undefined;
        if (this.#queue.length > 0 && !this.#closed) this.#plan();
      });
    });
  }

  async #sendAll(): Promise<void> {
    await this.#sending;
    while (this.#queue.length > 0 && !this.#abort.signal.aborted) await this.#send();
  }

  /** Never rejects. */
  async #send(): Promise<void> {
    const { url, post } = this.#options;
    const spans = this.#queue.splice(0, MAX_BATCH);
    try {
      const body = encodeSpans(spans, this.#service);
      const { status } = await post({ url, headers: {}, body, timeoutMs: TIMEOUT_MS, signal: this.#abort.signal });
      if (status < 200 || status > 299) this.#warn(spans.length, `it answered with HTTP status ${status}`);
    } catch (error) {
      this.#warn(spans.length, reasonOfFetch(error));
    }
  }

  #warn(lost: number, reason: string): void {
    const { clock, log } = this.#options;
    this.#lost += lost;
    if (this.#closed || clock.now() - this.#warnedMs < SILENCE_MS) return;
    this.#warnedMs = clock.now();
    log.warn({ lost: this.#lost, reason }, 'traces were not delivered');
    this.#lost = 0;
  }
}
