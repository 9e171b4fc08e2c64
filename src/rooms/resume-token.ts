/** Resume tokens that any server of a cluster can read, for those whose own server has died. */
import { randomBytes, randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Clock, Millis } from '../lib/clock.ts';
import { Seal } from '../lib/seal.ts';
import type { Admission } from './admission.ts';
import { type BanList, personKey } from './ban-list.ts';

/** As long as a removal is remembered. */
export const RESUME_LIFETIME_MS: Millis = 86_400_000;

/** Whoever comes later than this after their room was opened here is somebody new: they may have left long ago. */
export const RETURN_WITHIN_MS: Millis = 120_000;

/** Who somebody was in a room at another server. */
export interface Resumed {
  /** Their participant id. */
  readonly id: string;
  /** As `roomKey` returns it. */
  readonly room: string;
  readonly admission: Admission;
}

const flag = () => z.boolean().optional();
const admissionSchema = z.strictObject({
  identity: z.string().nullable(),
  name: z.string().nullable(),
  maySpeak: z.boolean(),
  mayModerate: z.boolean(),
  mayShout: flag(),
  mayRecord: flag(),
  mayPlaySounds: flag(),
  mayBeBot: flag(),
  expiresAtMs: z.number().optional(),
  isRenewed: flag(),
  mayChat: z.boolean(),
  maySendData: flag(),
  mayShareSound: flag(),
});
const schema = z.strictObject({
  id: z.string(),
  room: z.string(),
  admission: admissionSchema,
  /** The process that issued it: there, only those who are in the room can resume. */
  by: z.string(),
  sinceMs: z.number(),
});

export class ResumeTokens {
  readonly #seal: Seal | undefined;
  readonly #bans: BanList;
  readonly #clock: Clock;
  readonly #process = randomUUID();

  /** Without a secret, tokens say nothing, and mean something only to who has issued them. */
  constructor(secret: string | undefined, bans: BanList, clock: Clock) {
    this.#seal = secret === undefined ? undefined : new Seal(secret, 'resume 1');
    this.#bans = bans;
    this.#clock = clock;
  }

  /** Whether those who were in this room at another server are still let in as they were. Undefined: it is not open. */
  takesBack(room: { readonly startedAtMs: Millis } | undefined): boolean {
    return room === undefined || this.#clock.wallNow() - room.startedAtMs < RETURN_WITHIN_MS;
  }

  /** Undefined: what somebody shares, which no other server knows without them. Alone it would be a person. */
  issue(who: Resumed | undefined): string {
    if (this.#seal === undefined || who === undefined) return randomBytes(32).toString('base64url');
    return this.#seal.seal(JSON.stringify({ ...who, by: this.#process, sinceMs: this.#clock.wallNow() }));
  }

  /**
   * Who it was for; undefined if it is not valid here and now for this room. With `identity`, only if it is the holder's.
   */
  read(token: string | undefined, room: string, identity?: string | null): Resumed | undefined {
    const json = token === undefined ? undefined : this.#seal?.open(token);
    if (json === undefined) return undefined;
    const parsed = schema.safeParse(JSON.parse(json));
    if (!parsed.success) return undefined;
    const { by, sinceMs, admission, ...who } = parsed.data;
    const ageMs = this.#clock.wallNow() - sinceMs;
    if (by === this.#process || who.room !== room || ageMs >= RESUME_LIFETIME_MS) return undefined;
    if (identity !== undefined && identity !== admission.identity) return undefined;
    if (this.#bans.wasRemoved(room, personKey({ id: who.id, identity: null }))) return undefined;
    // What was left out is left out again.
    return { ...who, admission: JSON.parse(JSON.stringify(admission)) as Admission };
  }
}
