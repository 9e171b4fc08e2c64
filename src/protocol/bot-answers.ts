/** What the server says to a bot; `bot.ts` has what a bot says. */
import type { ErrorCode } from '../lib/errors.ts';

export type BotAnswer =
  /** The bot is in the room. `time`: now, in samples at 48 kHz on the scale of all sound of the room. */
  | { readonly type: 'started'; readonly room: string; readonly participantId: string; readonly time: number }
  /** A new number, before its first use. */
  | {
      readonly type: 'speaker';
      readonly speaker: number;
      readonly participantId: string;
      readonly identity: string | null;
      readonly name: string;
    }
  | { readonly type: 'speaking'; readonly speaker: number; readonly speaking: boolean; readonly time: number }
  /** How much of what the bot has sent waits. Twice a second while something does, and once when nothing does. */
  | { readonly type: 'buffered'; readonly ms: number }
  /** Everything before the mark has been played, or with `cleared` forgotten. */
  | { readonly type: 'mark'; readonly name: string; readonly cleared: boolean }
  /** So many frames for the bot were left out, because it or its network was too slow. */
  | { readonly type: 'dropped'; readonly frames: number }
  /** A moderator has muted the bot, or allows it to speak again. */
  | { readonly type: 'muted'; readonly muted: boolean }
  /** The bot was moved to another room. */
  | { readonly type: 'moved'; readonly room: string }
  | { readonly type: 'error'; readonly code: ErrorCode; readonly message: string };
