import type { KeyObject } from 'node:crypto';
import type { Clock, Millis } from '../lib/clock.ts';
import { AppError } from '../lib/errors.ts';
import type { RoomEntry } from '../protocol/messages.ts';
import { type Admission, GUEST } from './admission.ts';
import { BanList } from './ban-list.ts';
import { createControlToken, verifyControlToken } from './control-token.ts';
import { createJoinToken, RENEWED_LIFETIME_MS, type TokenGrant, tokenKey, verifyJoinToken } from './join-token.ts';
import { roomKey, roomKeyOrUndefined } from './names.ts';
import type { KeptStore } from './ports.ts';
import { RegisteredPeople, type RegisteredPeopleSettings } from './registered-people.ts';
import type { Resumed } from './resume-token.ts';
import { RoomPasswords } from './room-passwords.ts';

/** `open`: anyone may join, except that rooms may have passwords. `token`: a join token is required. */
export type AccessMode = 'open' | 'token';

export interface AccessSettings extends RegisteredPeopleSettings {
  readonly mode: AccessMode;
  /** The secret that signs join tokens; empty: no token is valid. */
  readonly tokenSecret: string;
  /** Passwords by room, in plain text or hashed. */
  readonly roomPasswords: Readonly<Record<string, string>>;
}

export interface AccessOptions extends AccessSettings {
  readonly clock: Clock;
  /** Keeps the bans. */
  readonly store?: KeptStore;
}

/** A token that replaces one which will expire. */
export interface RenewedToken {
  /** The room that it opens. */
  readonly room: string;
  /** Null: the client brought it. */
  readonly token: string | null;
  readonly expiresAtMs: Millis;
}

export interface AdmissionRequest {
  readonly room: string;
  readonly token?: string | undefined;
  readonly password?: string | undefined;
  /** The client's address as limits count it. All addresses get an equal share of password checks. */
  readonly from?: string;
}

/** Decides who may join which room, and as whom, before there is a participant. */
export class AccessControl {
  readonly bans: BanList;
  #people: RegisteredPeople;
  #mode: AccessMode;
  #key: KeyObject | undefined;
  readonly #passwords: RoomPasswords;
  readonly #clock: Clock;

  /** Throws an error with a sentence for the operator if a room name or a hash is invalid. */
  constructor({ mode, tokenSecret, roomPasswords, clock, store, ...people }: AccessOptions) {
    this.#people = new RegisteredPeople(people);
    this.#mode = mode;
    this.#key = tokenSecret === '' ? undefined : tokenKey(tokenSecret);
    this.#passwords = new RoomPasswords(roomPasswords, clock);
    this.#clock = clock;
    this.bans = new BanList(clock, store);
  }

  /** Throws as the constructor does. */
  check({ roomPasswords, ...people }: AccessSettings): void {
    new RegisteredPeople(people);
    new RoomPasswords(roomPasswords, this.#clock).close();
  }

  /** From now on these apply to those who come. Passwords that the API has given to rooms stay. */
  configure({ mode, tokenSecret, roomPasswords, ...people }: AccessSettings): void {
    const registered = new RegisteredPeople(people);
    this.#passwords.configure(roomPasswords);
    this.#people = registered;
    this.#mode = mode;
    this.#key = tokenSecret === '' ? undefined : tokenKey(tokenSecret);
  }

  /** Those whom the operator knows by their identity. */
  get people(): RegisteredPeople {
    return this.#people;
  }

  /** Anyone who can read the configuration can read these passwords. */
  get hasPlainPasswords(): boolean {
    return this.#passwords.hasPlain;
  }

  /**
   * A token is verified whenever one is given. It opens the room that it names, with or without a password, and grants
   * its rights. Rejects with `AppError` `invalid_room`, `token_required`, `token_invalid`, `token_expired`,
   * `password_required`, `wrong_password`, `kicked` while banned, `server_busy` or `server_closing`. Starts nothing
   * expensive once `isWanted` returns false.
   */
  async admit(request: AdmissionRequest, isWanted: () => boolean): Promise<Admission> {
    const room = roomKey(request.room);
    if (request.token !== undefined) return this.#admitHolder(room, request.token);
    if (this.#mode === 'token') throw new AppError('token_required');
    await this.#passwords.check(room, request.password, isWanted, request.from);
    return GUEST;
  }

  /**
   * Admits somebody as the server did that they come from; undefined if they need to be admitted anew. Throws `kicked`
   * while banned.
   */
  readmitted(resumed: Resumed | undefined): Admission | undefined {
    const { room, admission } = resumed ?? {};
    if (room === undefined || admission === undefined) return undefined;
    this.bans.checkIdentity(room, admission.identity);
    const { expiresAtMs = Number.POSITIVE_INFINITY } = admission;
    return this.#clock.wallNow() < expiresAtMs ? admission : undefined;
  }

  /**
   * Decides whether somebody who is in another room may come to this one. A token must have their identity, and replaces
   * their admission; without one it stays. `isHome`: this room has admitted them before. Rejects as `admit` does.
   */
  async readmit(
    { holder, isHome }: { readonly holder: Admission; readonly isHome: boolean },
    request: AdmissionRequest,
    isWanted: () => boolean,
  ): Promise<Admission> {
    const room = roomKey(request.room);
    const { identity } = holder;
    if (request.token !== undefined) {
      const admission = await this.#admitHolder(room, request.token);
      if (admission.identity !== identity) throw new AppError('token_invalid', 'It is for another identity.');
      return admission;
    }
    if (identity !== null) this.bans.checkIdentity(room, identity);
    if (isHome) return holder;
    if (this.#mode === 'token') throw new AppError('token_required');
    await this.#passwords.check(room, request.password, isWanted, request.from);
    return holder;
  }

  /** How somebody new gets into the room. `room` is as `roomKey` returns it, here and below. */
  entryOf(room: string): RoomEntry {
    if (this.#mode === 'token') return 'token';
    return this.#passwords.has(room) ? 'password' : 'open';
  }

  /** Nobody gets in anywhere without a join token. */
  get needsToken(): boolean {
    return this.#mode === 'token';
  }

  hasPassword(room: string): boolean {
    return this.#passwords.has(room);
  }

  /**
   * Sets a password, in plain text or hashed, that overrides the configured one; null restores that. Throws
   * `invalid_request`.
   */
  setPassword(room: string, password: string | null): void {
    this.#passwords.set(room, password);
  }

  /** Creates a join token, like the operator's. Rejects with `invalid_room`, `invalid_name` or `tokens_off`. */
  async createToken(grant: TokenGrant, lifetimeMs: Millis): Promise<string> {
    if (this.#key === undefined) throw new AppError('tokens_off');
    return createJoinToken(this.#key, grant, { wallNowMs: this.#clock.wallNow(), lifetimeMs });
  }

  /**
   * Renews the token of somebody who is in the room: with the token that they bring, which must be for the same room
   * and identity, or with a new one that gives them the same rights again. Their rights in the room stay. Rejects with
   * `not_allowed` for guests, or as `admit` does.
   */
  async renew(holder: Admission, room: string, token: string | undefined): Promise<RenewedToken> {
    const { identity, name, maySpeak, mayModerate, mayShout, mayRecord, mayChat, maySendData, mayShareSound } = holder;
    if (this.#key === undefined || identity === null)
      throw new AppError('not_allowed', 'You joined without a token, so there is none to renew.');
    if (token === undefined) {
      const [wallNowMs, lifetimeMs] = [this.#clock.wallNow(), RENEWED_LIFETIME_MS];
      const grant = {
        room,
        identity,
        ...(name !== null && { name }),
        maySpeak,
        mayModerate,
        mayShout,
        mayRecord,
        mayChat,
        maySendData,
        mayShareSound,
      };
      const renewed = await createJoinToken(this.#key, grant, { wallNowMs, lifetimeMs, renewed: true });
      return { room, token: renewed, expiresAtMs: wallNowMs + lifetimeMs };
    }
    const admission = await this.#admitHolder(roomKey(room), token);
    if (admission.identity !== identity) throw new AppError('token_invalid', 'It is for another identity.');
    return { room, token: null, expiresAtMs: admission.expiresAtMs ?? this.#clock.wallNow() };
  }

  /** Creates a control token for one room. Rejects with `invalid_room` or `tokens_off`. */
  async createControlToken(room: string, lifetimeMs: Millis): Promise<string> {
    if (this.#key === undefined) throw new AppError('tokens_off');
    return createControlToken(this.#key, room, { wallNowMs: this.#clock.wallNow(), lifetimeMs });
  }

  /** Whether this is a valid control token for the room. */
  async isControlToken(token: string, room: string): Promise<boolean> {
    if (this.#key === undefined) return false;
    try {
      await verifyControlToken(this.#key, token, {
        room: roomKeyOrUndefined(room) ?? '',
        wallNowMs: this.#clock.wallNow(),
      });
      return true;
    } catch (thrown) {
      if (thrown instanceof AppError) return false;
      throw thrown;
    }
  }

  close(): void {
    this.#passwords.close();
  }

  async #admitHolder(room: string, token: string): Promise<Admission> {
    if (this.#key === undefined) throw new AppError('token_invalid', 'This server does not accept tokens.');
    const wallNowMs = this.#clock.wallNow();
    const admission = await verifyJoinToken(this.#key, token, { room, wallNowMs });
    const { identity, isRenewed } = admission;
    if (identity === null) return admission;
    this.bans.checkIdentity(room, identity);
    // The token with which they first came may have expired long ago.
    if (isRenewed === true && this.bans.wasRemoved(room, identity)) throw new AppError('kicked');
    return this.#people.admission(admission);
  }
}
