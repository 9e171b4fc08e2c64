/**
 * Sends a stream to one mount of an Icecast server, and connects again when it cannot, or no longer. The server may hang:
 * what it does not take in time is given up.
 */
import type { Cancel, Clock, Millis } from '../../lib/clock.ts';
import type { ForwardError } from '../../rooms/forwarding.ts';
import { IcecastConnection, type IcecastTarget } from './icecast-connection.ts';

export interface IcecastOptions {
  readonly target: IcecastTarget;
  /** Plays the stream from its head on, until what this returns is called. */
  readonly play: (write: (bytes: Uint8Array) => void) => () => void;
  readonly clock: Clock;
  readonly events: {
    /** The server takes the stream. */
    connected(): void;
    /** It is not sent any more, or was not from the start. Not called again before it is connected again. */
    failed(error: ForwardError): void;
  };
}

export type IcecastState = 'connecting' | 'connected' | 'failed';

const ANSWER_MS: Millis = 10_000;
/** Half a minute of sound, as for listeners. */
const MAX_UNSENT_BYTES = 200_000;
/** Before the next attempt; the last one repeats. */
const DELAYS_MS: readonly Millis[] = [1000, 1000, 2000, 3000, 5000, 10_000, 20_000, 30_000, 60_000];
/** A connection that lasted this long worked: its end counts as the first failure again. */
const STABLE_MS: Millis = 20_000;
const MESSAGES: Readonly<Record<ForwardError['code'], string>> = {
  wrong_password: 'The server does not accept the user and the password.',
  mount_in_use: 'The server refuses the mount. Another source may be using it.',
  refused: 'The server refuses the stream.',
  unreachable: 'The server cannot be reached.',
  no_answer: 'The server does not answer.',
  too_slow: 'The server does not read what it is sent.',
  closed: 'The server has ended the connection.',
};

export class IcecastForward {
  readonly #options: IcecastOptions;
  #connection: IcecastConnection | undefined;
  #cancelTimer: Cancel = () => {};
  #stop: (() => void) | undefined;
  #attempts = 0;
  #isReported = false;
  #isClosed = false;
  #connectedMs: Millis = 0;

  state: IcecastState = 'connecting';
  /** When `state` began, in milliseconds since 1970. */
  sinceMs: Millis;
  /** When it is tried again, in milliseconds since 1970; null unless `state` is `failed`. */
  retryAtMs: Millis | null = null;
  error: ForwardError | null = null;
  failures = 0;
  bytesSent = 0;

  constructor(options: IcecastOptions) {
    this.#options = options;
    this.sinceMs = options.clock.wallNow();
    this.#connect();
  }

  close(): void {
    this.#isClosed = true;
    this.#end();
  }

  #connect(): void {
    const { target, clock } = this.#options;
    this.#become('connecting');
    this.#cancelTimer = clock.setTimer(clock.now() + ANSWER_MS, () => this.#fail('no_answer'));
    this.#connection = new IcecastConnection(target, {
      answered: (status) => this.#answered(status),
      closed: (error) =>
        this.#fail(this.state === 'connecting' && error !== undefined ? 'unreachable' : 'closed', error),
    });
  }

  #answered(status: number): void {
    if (status === 401) this.#fail('wrong_password');
    else if (status === 403) this.#fail('mount_in_use');
    // The final answer may come only after the first sound.
    else if (status === 100) this.#send();
    else if (status === 200) this.#accepted();
    else this.#fail('refused', status === 0 ? undefined : `It answers ${status}.`);
  }

  #accepted(): void {
    const { clock, events } = this.#options;
    this.#cancelTimer();
    this.#connectedMs = clock.now();
    this.#isReported = false;
    this.#become('connected');
    this.#send();
    events.connected();
  }

  #send(): void {
    const connection = this.#connection;
    if (connection === undefined || this.#stop !== undefined) return;
    this.#stop = this.#options.play((bytes) => {
      if (connection.unsentBytes > MAX_UNSENT_BYTES) {
        this.#fail('too_slow');
        return;
      }
      this.bytesSent += bytes.length;
      connection.write(bytes);
    });
  }

  #fail(code: ForwardError['code'], detail?: string): void {
    const { clock, events } = this.#options;
    const nowMs = clock.now();
    if (this.state === 'connected' && nowMs - this.#connectedMs >= STABLE_MS) this.#attempts = 0;
    this.#end();
    this.failures++;
    this.error = { code, message: detail === undefined ? MESSAGES[code] : `${MESSAGES[code]} (${detail})` };
    this.#become('failed');
    // What nobody corrects stays wrong.
    const delayMs =
      code === 'wrong_password' ? DELAYS_MS.at(-1)! : DELAYS_MS[Math.min(this.#attempts++, DELAYS_MS.length - 1)]!;
    this.retryAtMs = clock.wallNow() + delayMs;
    this.#cancelTimer = clock.setTimer(nowMs + delayMs, () => this.#connect());
    if (this.#isReported) return;
    this.#isReported = true;
    events.failed(this.error);
  }

  #end(): void {
    this.#cancelTimer();
    this.#stop?.();
    this.#stop = undefined;
    this.#connection?.destroy();
    this.#connection = undefined;
  }

  #become(state: IcecastState): void {
    if (this.#isClosed) return;
    this.state = state;
    this.sinceMs = this.#options.clock.wallNow();
    this.retryAtMs = null;
  }
}
