import type { Cancel, Clock, Millis } from '../lib/clock.ts';
import { toAppError } from '../lib/errors.ts';
import { newSpanId, newTraceId, type SpanSink, type TraceParent } from '../lib/span.ts';
import type { RoomEvent } from '../rooms/events.ts';

/** The parts of a join, in their order. */
export type JoinPhase =
  /** The server checks passwords and tokens, and finds the room. */
  | 'admission'
  /** The client makes its offer. */
  | 'offer'
  /** The server answers it. */
  | 'answer'
  /** The client looks for a path to the server: until its first DTLS datagram. */
  | 'ice'
  /** Until both sides have verified each other and have keys. */
  | 'dtls';

export interface JoinTraceOptions {
  readonly sink: SpanSink;
  readonly clock: Clock;
  /** The span of a proxy that has passed on the WebSocket. */
  readonly parent?: TraceParent | undefined;
  /** Who was here before, and comes back. */
  readonly resumes: boolean;
}

/** Whoever has no sound by then does not want any, or has given up. */
const LIMIT_MS: Millis = 60_000;

/** The trace of one join, from the message of the client until there is sound. It says nothing of who joins, or where. */
export class JoinTrace {
  readonly #options: JoinTraceOptions;
  readonly #traceId: string;
  readonly #spanId = newSpanId();
  readonly #startMs: Millis;
  /** Monotonic time since then is added to this, because the clock may be set meanwhile. */
  readonly #wallStartMs: Millis;
  readonly #cancel: Cancel;
  #phase: { readonly name: JoinPhase; readonly startMs: Millis } | undefined;
  #ended = false;

  constructor(options: JoinTraceOptions) {
    const { clock, parent } = options;
    this.#options = options;
    this.#traceId = parent?.traceId ?? newTraceId();
    this.#startMs = clock.now();
    this.#wallStartMs = clock.wallNow();
    this.#cancel = clock.setTimer(this.#startMs + LIMIT_MS, () => this.end('no_media'));
    this.#phase = { name: 'admission', startMs: this.#startMs };
  }

  /** The part before ends, and this one begins. */
  phase(name: JoinPhase): void {
    if (this.#ended || this.#phase?.name === name) return;
    this.#endPhase(false);
    this.#phase = { name, startMs: this.#options.clock.now() };
  }

  /** Traces how an offer is answered. Throws what `run` throws. */
  answer(run: (reached: () => void) => string): string {
    this.phase('answer');
    try {
      const answer = run(() => this.phase('dtls'));
      this.phase('ice');
      return answer;
    } catch (thrown) {
      this.fail(thrown);
      throw thrown;
    }
  }

  /** The participant is told of this. */
  see(event: RoomEvent): void {
    if (event.type === 'media_connected') this.end('connected');
    else if (event.type === 'media_closed') this.end(event.reason, true);
  }

  /** The join has failed with an error of ours. */
  fail(thrown: unknown): void {
    this.end(toAppError(thrown).code, true);
  }

  /** @param outcome a code */
  end(outcome: string, isError = false): void {
    if (this.#ended) return;
    this.#endPhase(isError);
    this.#ended = true;
    this.#cancel();
    const { parent, resumes } = this.#options;
    this.#add({
      name: 'join',
      spanId: this.#spanId,
      ...(parent !== undefined && { parentSpanId: parent.spanId }),
      startMs: this.#startMs,
      attributes: { 'partyline.outcome': outcome, 'partyline.resumes': resumes },
      isError,
    });
  }

  #endPhase(isError: boolean): void {
    if (this.#phase === undefined) return;
    this.#add({ ...this.#phase, spanId: newSpanId(), parentSpanId: this.#spanId, attributes: {}, isError });
  }

  #add(span: Omit<Parameters<SpanSink['add']>[0], 'traceId' | 'endMs'>): void {
    const { sink, clock } = this.#options;
    const wall = (ms: Millis) => this.#wallStartMs + ms - this.#startMs;
    sink.add({ ...span, traceId: this.#traceId, startMs: wall(span.startMs), endMs: wall(clock.now()) });
  }
}
