import type { ClientMessageInput, ServerMessage } from '../../src/protocol/messages.ts';
import type { ErrorCode } from './connection-state.ts';

/** Gets a join token from the application's own server. */
export type GetToken = () => Promise<string>;

/** The errors that another token may avoid. */
const REFUSED: ReadonlySet<string> = new Set<ErrorCode>(['token_required', 'token_invalid', 'token_expired']);

export interface TokenKeeperOptions {
  readonly send: (message: ClientMessageInput) => void;
  /** The server has issued a token for this room, in place of the one that expires. */
  readonly onRenewed: (token: string, room: string) => void;
}

/**
 * The join token of one stay. It is renewed before it expires, so that the participant can come back after a restart of
 * the server: by the application, if it gave a function, otherwise by the server.
 */
export class TokenKeeper {
  readonly #get: GetToken | undefined;
  readonly #options: TokenKeeperOptions;
  #token: string | undefined;
  #isAsking = false;
  #isNew = false;
  #isRenewing = false;

  constructor(token: string | GetToken | undefined, options: TokenKeeperOptions) {
    if (typeof token === 'function') this.#get = token;
    else this.#token = token;
    this.#options = options;
  }

  /** For the next join; undefined without one. */
  get token(): string | undefined {
    return this.#token;
  }

  /** Gets a token from the application. Rejects as its function does. */
  async ask(): Promise<void> {
    if (!this.#get) return;
    this.#isAsking = true;
    try {
      this.#token = await this.#get();
      this.#isNew = true;
    } finally {
      this.#isAsking = false;
    }
  }

  /** Before a join: calls back at once, or when the application has brought a token. */
  obtain(joins: () => void, failed: (reason: string) => void): void {
    if (this.#isAsking) return;
    if (!this.#get || this.#token) joins();
    else this.ask().then(joins, (thrown: unknown) => failed(String(thrown)));
  }

  /** The server has refused a join. Returns whether another token may help; `obtain` gets it. */
  mayRetry(code: ErrorCode): boolean {
    if (!REFUSED.has(code) || !this.#get || this.#isNew) return false;
    this.#token = undefined;
    return true;
  }

  /**
   * The server has refused something other than a join. Returns whether it was the application's new token. The server
   * is then asked for one.
   */
  renewalRefused(code: ErrorCode): boolean {
    if (!REFUSED.has(code)) return false;
    if (this.#isRenewing) this.#options.send({ type: 'renew_token' });
    this.#isRenewing = false;
    return true;
  }

  /** Every message of the server. */
  receive(message: ServerMessage): void {
    switch (message.type) {
      case 'joined':
        this.#isNew = this.#isRenewing = false;
        break;
      case 'moved':
        // The token opens the other room.
        if (this.#token !== undefined) this.#options.send({ type: 'renew_token' });
        break;
      case 'token_expires':
        void this.#renew();
        break;
      case 'token_renewed':
        this.#isRenewing = false;
        if (message.token === undefined) break;
        this.#token = message.token;
        this.#options.onRenewed(message.token, message.room);
        break;
    }
  }

  async #renew(): Promise<void> {
    try {
      await this.ask();
    } catch {
      this.#options.send({ type: 'renew_token' });
      return;
    }
    this.#isRenewing = this.#get !== undefined;
    this.#options.send({ type: 'renew_token', token: this.#get && this.#token });
  }
}
