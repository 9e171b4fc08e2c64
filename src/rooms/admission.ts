import type { Millis } from '../lib/clock.ts';

/** As whom someone joins a room, and what they may do there. */
export interface Admission {
  /** The identity chosen by the issuer of the join token (its claim `sub`); null without a token. */
  readonly identity: string | null;
  /** The name in the token; null if participants choose their own. */
  readonly name: string | null;
  readonly maySpeak: boolean;
  readonly mayModerate: boolean;
  /** May speak to the rooms that are linked to theirs. */
  readonly mayShout?: boolean;
  /** May start and end recordings of the room. */
  readonly mayRecord?: boolean;
  /** May play the operator's sounds to the room. */
  readonly mayPlaySounds?: boolean;
  /** May connect as a bot, which sends and gets sound without WebRTC. */
  readonly mayBeBot?: boolean;
  /** When their join token expires, in milliseconds since 1970; omitted without a token. */
  readonly expiresAtMs?: Millis;
  /** This server issued the token to somebody who was in the room. */
  readonly isRenewed?: boolean;
  readonly mayChat: boolean;
  /** May send messages to programs; true if omitted. */
  readonly maySendData?: boolean;
  /** May share sound beside their voice; true if omitted. */
  readonly mayShareSound?: boolean;
}

/** A participant without a token, if none is required. */
export const GUEST: Admission = { identity: null, name: null, maySpeak: true, mayModerate: false, mayChat: true };

/** A server or another room that gets the sound of a room in the name of the operator, who sends locked rooms, too. */
export const OPERATOR_LISTENER: Admission = { ...GUEST, mayModerate: true };
