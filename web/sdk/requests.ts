import type { ClientMessageInput, ServerMessage } from '../../src/protocol/messages.ts';
import type { Environment } from './environment.ts';
import { VoiceError } from './voice-error.ts';

/** Without an answer for this long, it is not known whether the server did it. */
const PATIENCE_MS = 10_000;

type Request = Extract<ClientMessageInput, { readonly requestId?: number | undefined }>;

interface Pending {
  readonly resolve: (answer: never) => void;
  readonly reject: (error: VoiceError) => void;
  readonly cancelTimeout: () => void;
  readonly isQuiet: boolean;
}

/** Messages that the server answers. */
export class Requests {
  readonly #environment: Pick<Environment, 'setTimer'>;
  readonly #send: (message: ClientMessageInput) => void;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;

  constructor(environment: Pick<Environment, 'setTimer'>, send: (message: ClientMessageInput) => void) {
    this.#environment = environment;
    this.#send = send;
  }

  /**
   * Resolves with the server's answer when it has carried it out, and rejects with a `VoiceError`: the server's, or
   * `unreachable` if no answer came. With `isQuiet` only the caller is told of the server's error. Most callers only want
   * to know when; others name the message that answers.
   */
  ask<Answer = void>(request: Request, { isQuiet = false } = {}): Promise<Answer> {
    this.#lastId += 1;
    const id = this.#lastId;
    const answered = new Promise<Answer>((resolve, reject) => {
      const cancelTimeout = this.#environment.setTimer(PATIENCE_MS, () =>
        this.#settle(id, new VoiceError('unreachable', 'The server did not answer.')),
      );
      this.#pending.set(id, { resolve, reject, cancelTimeout, isQuiet });
    });
    // Who does not wait for it should not see it as an uncaught error.
    answered.catch(() => {});
    this.#send({ ...request, requestId: id });
    return answered;
  }

  /** Every message of the server. True if it is an error of which only the caller is told. */
  receive(message: ServerMessage): boolean | undefined {
    const { requestId = 0 } = message as { readonly requestId?: number };
    const isQuiet = this.#pending.get(requestId)?.isQuiet;
    const isError = message.type === 'error';
    this.#settle(requestId, isError ? new VoiceError(message.code, message.message, message.retryAfterMs) : message);
    return isQuiet && isError;
  }

  /** The connection is lost, and no more answers come. */
  lost(): void {
    for (const id of this.#pending.keys()) this.#settle(id, new VoiceError('unreachable', 'The connection was lost.'));
  }

  #settle(id: number, answer: ServerMessage | VoiceError): void {
    const pending = this.#pending.get(id);
    if (!pending) return;
    this.#pending.delete(id);
    pending.cancelTimeout();
    pending[answer instanceof VoiceError ? 'reject' : 'resolve'](answer as never);
  }
}
