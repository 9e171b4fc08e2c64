import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../lib/clock.ts';
import { AppError } from '../lib/errors.ts';
import { MAX_PASSWORD_LENGTH } from '../protocol/bounds.ts';
import { roomKeyOrUndefined } from './names.ts';
import { PacedQueue } from './paced-queue.ts';
import {
  isPasswordOf,
  looksHashed,
  normalPassword,
  type PasswordCost,
  type PasswordHash,
  parsePasswordHash,
  unmatchableHash,
} from './password-hash.ts';

/** Guessing is slow for all guessers together, and takes at most a quarter of a core however slow that is. */
const TRY_INTERVAL_MS = 300;
const MAX_SHARE = 0.25;
/** The last of them is tried after about 7 s on a fast machine. */
const MAX_WAITING_TRIES = 24;

interface KeptPassword {
  readonly hash: PasswordHash;
  /** Keyed digest of the password itself once it is known; only in this process. */
  digest: Buffer | undefined;
}

/**
 * Room passwords. Only wrong passwords, and the right one until it is known, cost a scrypt run. People who know the
 * password therefore do not queue with those who guess.
 */
export class RoomPasswords {
  #configured = new Map<string, KeptPassword>();
  /** Passwords that override the configured ones while their rooms exist. */
  readonly #given = new Map<string, KeptPassword>();
  #hasPlain = false;
  readonly #digestKey = randomBytes(32);
  readonly #tries: PacedQueue;
  readonly #cost: PasswordCost | undefined;

  /**
   * Passwords by room, in plain text or from `formatPasswordHash`. Throws an error with a sentence for the operator.
   * @param cost what an attempt costs where the password is given in plain text; by default as in `hashPassword`
   */
  constructor(passwords: Readonly<Record<string, string>>, clock: Clock, cost?: PasswordCost) {
    this.#cost = cost;
    this.#tries = new PacedQueue({
      clock,
      intervalMs: TRY_INTERVAL_MS,
      maxShare: MAX_SHARE,
      maxWaiting: MAX_WAITING_TRIES,
    });
    this.configure(passwords);
  }

  /** Replaces the configured passwords. Throws as the constructor does; then nothing changes. */
  configure(passwords: Readonly<Record<string, string>>): void {
    const before = this.#configured;
    this.#configured = new Map();
    this.#hasPlain = false;
    try {
      for (const [room, password] of Object.entries(passwords)) this.#configure(room, password);
    } catch (error) {
      this.#configured = before;
      throw error;
    }
  }

  /** Rejects with `password_required`, `wrong_password`, or `server_busy` if too many guess at the same time. */
  async check(room: string, password: string | undefined, isWanted: () => boolean, from = ''): Promise<void> {
    const kept = this.#of(room);
    if (kept === undefined) return;
    if (password === undefined || password === '') throw new AppError('password_required');
    const digest = this.#digest(password);
    const isKnown = () => kept.digest !== undefined && timingSafeEqual(digest, kept.digest);
    if (isKnown()) return;
    // Meanwhile someone else may have proved that it is right.
    const tried = async () => isKnown() || isPasswordOf(kept.hash, password);
    if (!(await this.#tries.run(tried, isWanted, from))) throw new AppError('wrong_password');
    kept.digest = digest;
  }

  get hasPlain(): boolean {
    return this.#hasPlain;
  }

  /** `room` is as `roomKey` returns it, here and below. */
  has(room: string): boolean {
    return this.#of(room) !== undefined;
  }

  /** Overrides the configured password; null restores it. Throws `invalid_request`. */
  set(room: string, password: string | null): void {
    if (password === null) {
      this.#given.delete(room);
      return;
    }
    const kept = this.#keep(password);
    if (kept === undefined) throw new AppError('invalid_request', 'The password hash is damaged.');
    this.#given.set(room, kept);
  }

  close(): void {
    this.#tries.close();
  }

  #of(room: string): KeptPassword | undefined {
    return this.#given.get(room) ?? this.#configured.get(room);
  }

  #configure(room: string, password: string): void {
    const name = roomKeyOrUndefined(room);
    if (name === undefined) throw new Error(`"${room}" is not a valid room name.`);
    if (this.#configured.has(name)) throw new Error(`The room ${name} has two passwords.`);
    if (password.length > MAX_PASSWORD_LENGTH)
      throw new Error(
        `The password of the room ${name} is longer than ${MAX_PASSWORD_LENGTH} characters, so no client could send it.`,
      );
    if (!looksHashed(password)) this.#hasPlain = true;
    const kept = this.#keep(password);
    if (kept === undefined)
      throw new Error(`The password hash of the room ${name} is damaged; create a new one with "partyline password".`);
    this.#configured.set(name, kept);
  }

  /** Undefined if it is a malformed hash. */
  #keep(password: string): KeptPassword | undefined {
    if (!looksHashed(password)) return { hash: unmatchableHash(this.#cost), digest: this.#digest(password) };
    const hash = parsePasswordHash(password);
    return hash === undefined ? undefined : { hash, digest: undefined };
  }

  #digest(password: string): Buffer {
    return createHmac('sha256', this.#digestKey).update(normalPassword(password)).digest();
  }
}
