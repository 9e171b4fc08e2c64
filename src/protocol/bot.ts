/**
 * The messages of the connection of a bot, `/api/v1/rooms/NAME/endpoint`. `docs/bots.md` documents them and the binary
 * form of sound.
 */
import { z } from 'zod';
import { MAX_NAME_LENGTH } from './bounds.ts';

const MAX_MARK_LENGTH = 64;

const format = () => z.enum(['opus', 'pcm']);

export const botMessageSchema = z.discriminatedUnion('type', [
  /** The first message, once. */
  z.strictObject({
    type: z.literal('start'),
    /** Unless the token has one. */
    name: z.string().max(MAX_NAME_LENGTH).default('Bot'),
    /** The form of the sound that the bot sends; null: none. */
    send: format().nullable().default(null),
    /** Music is in stereo if it is Opus, and is left as it is. */
    source: z.enum(['voice', 'music']).default('voice'),
    /** What the bot gets: what everybody else hears, or each speaker on their own; null: nothing. */
    receive: z.enum(['mix', 'speakers']).nullable().default(null),
    /** The form of the sound that the bot gets. */
    format: format().default('opus'),
  }),
  /** Forgets what was sent and has not been played. */
  z.strictObject({ type: z.literal('clear') }),
  /** Is sent back when everything before it has been played. */
  z.strictObject({ type: z.literal('mark'), name: z.string().min(1).max(MAX_MARK_LENGTH) }),
  z.strictObject({ type: z.literal('mute'), muted: z.boolean() }),
]);
export type BotMessage = z.output<typeof botMessageSchema>;
export type BotStart = Extract<BotMessage, { type: 'start' }>;
