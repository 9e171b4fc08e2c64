import type { KeyObject } from 'node:crypto';
import type { Clock, Millis } from '../lib/clock.ts';
import { AppError } from '../lib/errors.ts';
import { type Admission, GUEST } from './admission.ts';
import { BanList } from './ban-list.ts';
import { createJoinToken, type TokenGrant, tokenKey, verifyJoinToken } from './join-token.ts';
import { roomName } from './names.ts';
import { RoomPasswords } from './room-passwords.ts';

/** `open`: everybody may join, but for rooms with a password. `token`: only who has a join token. */
export type AccessMode = 'open' | 'token';

export interface AccessOptions {
  readonly mode: AccessMode;
  /** What join tokens are signed with; empty: no token is valid. */
  readonly tokenSecret: string;
  /** From room to password, in the clear or hashed. */
  readonly roomPasswords: Readonly<Record<string, string>>;
  readonly clock: Clock;
}

export interface AdmissionRequest {
  readonly room: string;
  readonly token?: string | undefined;
  readonly password?: string | undefined;
  /** The address of who asks, as limits count it: one gets no more turns at a password than another. */
  readonly from?: string;
}

/** Decides who may come into which room, and as whom, before there is a participant. */
export class AccessControl {
  readonly bans: BanList;
  readonly #mode: AccessMode;
  readonly #key: KeyObject | undefined;
  readonly #passwords: RoomPasswords;
  readonly #clock: Clock;

  /** Throws a sentence for the operator if a room or a hash cannot be used. */
  constructor({ mode, tokenSecret, roomPasswords, clock }: AccessOptions) {
    this.#mode = mode;
    this.#key = tokenSecret === '' ? undefined : tokenKey(tokenSecret);
    this.#passwords = new RoomPasswords(roomPasswords, clock);
    this.#clock = clock;
    this.bans = new BanList(clock);
  }

  /** Whoever reads the configuration reads passwords. */
  get hasPlainPasswords(): boolean {
    return this.#passwords.hasPlain;
  }

  /**
   * A token is verified wherever one is given, opens the room that it names, with or without a password, and gives its rights.
   * Rejects with `AppError` `invalid_room`, `token_required`, `token_invalid`, `token_expired`, `password_required`,
   * `wrong_password`, `kicked` while banned, `server_busy` or `server_closing`. While `isWanted` says no, nothing expensive
   * is begun.
   */
  async admit(request: AdmissionRequest, isWanted: () => boolean): Promise<Admission> {
    const room = roomName(request.room);
    if (request.token !== undefined) return this.#admitHolder(room, request.token);
    if (this.#mode === 'token') throw new AppError('token_required');
    await this.#passwords.check(room, request.password, isWanted, request.from);
    return GUEST;
  }

  hasPassword(room: string): boolean {
    return this.#passwords.has(room);
  }

  /** In the clear or hashed, in place of the configured one; null goes back to that. Throws `invalid_request`. */
  setPassword(room: string, password: string | null): void {
    this.#passwords.set(room, password);
  }

  /** A join token as the server's operator makes it. Rejects with `invalid_room`, `invalid_name` or `tokens_off`. */
  async createToken(grant: TokenGrant, lifetimeMs: Millis): Promise<string> {
    if (this.#key === undefined) throw new AppError('tokens_off');
    return createJoinToken(this.#key, grant, { wallNowMs: this.#clock.wallNow(), lifetimeMs });
  }

  close(): void {
    this.#passwords.close();
  }

  async #admitHolder(room: string, token: string): Promise<Admission> {
    if (this.#key === undefined) throw new AppError('token_invalid', 'This server does not accept tokens.');
    const admission = await verifyJoinToken(this.#key, token, { room, wallNowMs: this.#clock.wallNow() });
    if (admission.identity !== null && this.bans.isBanned(room, admission.identity)) throw new AppError('kicked');
    return admission;
  }
}
