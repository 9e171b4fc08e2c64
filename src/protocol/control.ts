/**
 * The messages of the control connection of a game server, `/api/v1/rooms/NAME/control`. `docs/games.md` documents them
 * and the binary form of positions.
 */
import { z } from 'zod';
import type { ErrorCode } from '../lib/errors.ts';
import { newChannelSchema, strength } from './api/channel-schemas.ts';
import { MAX_CHANNELS, MAX_LINKED_ROOMS, MAX_NAME_LENGTH } from './bounds.ts';
import type { LeaveReason } from './messages.ts';
import { MAX_ENTRIES, player, spaceUpdateSchema } from './space.ts';

const MAX_LEVELS_HZ = 10;
const MAX_AUDIBLE_HZ = 5;

const entries = <T>(record: Record<string, T>, max: number): boolean => Object.keys(record).length <= max;

export const controlMessageSchema = z.discriminatedUnion('type', [
  /** As in `POST /rooms/{room}/space`. */
  spaceUpdateSchema.extend({ type: z.literal('space') }),
  /** The numbers for players in binary positions, on this connection; null removes one. */
  z.strictObject({
    type: z.literal('numbers'),
    numbers: z
      .record(player(), z.number().int().min(0).max(65_535).nullable())
      .refine((numbers) => entries(numbers, MAX_ENTRIES), `at most ${MAX_ENTRIES} numbers`),
  }),
  /** By name. An entry replaces the channel as a whole; null deletes it. */
  z.strictObject({
    type: z.literal('channels'),
    channels: z
      .record(z.string().min(1).max(MAX_NAME_LENGTH), newChannelSchema.omit({ name: true }).nullable())
      .refine((channels) => entries(channels, 2 * MAX_CHANNELS), `at most ${2 * MAX_CHANNELS} channels`),
  }),
  /** Own strengths of an effect, by channel and player; null removes one. Who is not named keeps theirs. */
  z.strictObject({
    type: z.literal('strengths'),
    strengths: z
      .record(
        z.string().min(1).max(MAX_NAME_LENGTH),
        z
          .record(player(), strength().nullable())
          .refine((strengths) => entries(strengths, MAX_ENTRIES), `at most ${MAX_ENTRIES} players`),
      )
      .refine((channels) => entries(channels, MAX_CHANNELS), `at most ${MAX_CHANNELS} channels`),
  }),
  /** The rooms to which this one is linked if they name it as well; it replaces the previous list. */
  z.strictObject({ type: z.literal('links'), links: z.array(z.string().max(MAX_NAME_LENGTH)).max(MAX_LINKED_ROOMS) }),
  /** What the server sends; it replaces the previous choice. */
  z.strictObject({
    type: z.literal('subscribe'),
    /** Who comes and goes. */
    players: z.boolean().default(false),
    speaking: z.boolean().default(false),
    levelsHz: z.number().min(0).max(MAX_LEVELS_HZ).default(0),
    audibleHz: z.number().min(0).max(MAX_AUDIBLE_HZ).default(0),
  }),
  z.strictObject({ type: z.literal('ping'), id: z.number().optional() }),
]);
export type ControlMessage = z.output<typeof controlMessageSchema>;

/** Players are named by the `sub` of their join token, guests by their participant id. */
export type ControlAnswer =
  /** The first message; `players` are those in the room. */
  | { readonly type: 'ready'; readonly room: string; readonly players: readonly string[] }
  | { readonly type: 'joined'; readonly player: string; readonly participantId: string }
  | {
      readonly type: 'left';
      readonly player: string;
      readonly reason: LeaveReason | 'replaced' | 'room_closed' | 'server_closing';
    }
  /** Who has begun and who has stopped speaking. */
  | { readonly type: 'speaking'; readonly began: readonly string[]; readonly stopped: readonly string[] }
  /** Everybody who speaks, with their level in dBov (0 loudest). */
  | { readonly type: 'levels'; readonly speaking: readonly (readonly [player: string, levelDbov: number])[] }
  /** Pairs within earshot: whose voice, and whose ears. With `more`, the next messages list further pairs. */
  | {
      readonly type: 'audible';
      readonly pairs: readonly (readonly [voice: string, ears: string])[];
      readonly more: boolean;
    }
  | { readonly type: 'pong'; readonly id?: number }
  /** No part of the message that caused it was applied. */
  | { readonly type: 'error'; readonly code: ErrorCode; readonly message: string };
