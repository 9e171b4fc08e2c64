import type { ClientMessageInput, ServerMessage } from '../../src/protocol/messages.ts';
import type { Environment } from './environment.ts';
import { VoiceError } from './voice-error.ts';

/** Without an answer for this long, it is not known whether the server did it. */
const PATIENCE_MS = 10_000;

type Request = Extract<ClientMessageInput, { readonly requestId?: number | undefined }>;

interface Pending {
  readonly resolve: () => void;
  readonly reject: (error: VoiceError) => void;
  readonly cancelTimeout: () => void;
}

/**
 * Actions for participants who may moderate. They resolve when the server has carried them out, and reject with a
 * `VoiceError`: `not_allowed`, `unknown_participant`, or `unreachable` if no answer came.
 */
export class Moderation {
  readonly #environment: Pick<Environment, 'setTimer'>;
  readonly #send: (message: ClientMessageInput) => void;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;

  /** @internal */
  constructor(environment: Pick<Environment, 'setTimer'>, send: (message: ClientMessageInput) => void) {
    this.#environment = environment;
    this.#send = send;
  }

  /** Mutes someone, or allows them to speak again: they stay muted until they unmute themselves. */
  mute(participantId: string, muted: boolean): Promise<void> {
    return this.#ask({ type: 'mute_participant', participantId, muted });
  }

  /** Removes someone from the room. With a time, people who joined with a token are banned that long. */
  kick(participantId: string, banSeconds = 0): Promise<void> {
    return this.#ask({ type: 'kick', participantId, banSeconds });
  }

  /** Only moderators can join a locked room. */
  lock(locked: boolean): Promise<void> {
    return this.#ask({ type: 'lock', locked });
  }

  /**
   * Every message of the server.
   * @internal
   */
  receive(message: ServerMessage): void {
    if ((message.type !== 'done' && message.type !== 'error') || message.requestId === undefined) return;
    this.#settle(message.requestId, message.type === 'error' ? new VoiceError(message.code, message.message) : null);
  }

  /**
   * The connection is lost, and no more answers come.
   * @internal
   */
  lost(): void {
    for (const id of this.#pending.keys()) this.#settle(id, new VoiceError('unreachable', 'The connection was lost.'));
  }

  #ask(request: Request): Promise<void> {
    this.#lastId += 1;
    const id = this.#lastId;
    const answered = new Promise<void>((resolve, reject) => {
      const cancelTimeout = this.#environment.setTimer(PATIENCE_MS, () =>
        this.#settle(id, new VoiceError('unreachable', 'The server did not answer.')),
      );
      this.#pending.set(id, { resolve, reject, cancelTimeout });
    });
    // Who does not wait for it should not see it as an uncaught error.
    answered.catch(() => {});
    this.#send({ ...request, requestId: id });
    return answered;
  }

  #settle(id: number, error: VoiceError | null): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#pending.delete(id);
    pending.cancelTimeout();
    if (error === null) pending.resolve();
    else pending.reject(error);
  }
}
