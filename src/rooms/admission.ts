/** As whom somebody comes into a room, and what they may do there. */
export interface Admission {
  /** Who it is for the one who made the join token (its claim `sub`); null without a token. */
  readonly identity: string | null;
  /** The name that the token gives; null where everybody chooses their own. */
  readonly name: string | null;
  readonly maySpeak: boolean;
  readonly mayModerate: boolean;
}

/** Somebody without a token, where none is needed. */
export const GUEST: Admission = { identity: null, name: null, maySpeak: true, mayModerate: false };
