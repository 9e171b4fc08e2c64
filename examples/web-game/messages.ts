/** What the page and the game server send each other over the game's own WebSocket. */
import { z } from 'zod';
import type { Place } from './world.ts';

/** Messages from a page are never longer. The WebSocket refuses longer ones before they are read. */
export const MAX_MESSAGE_BYTES = 256;

const axis = z.union([z.literal(-1), z.literal(0), z.literal(1)]);

export const pageMessageSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('enter'), name: z.string().trim().min(1).max(32) }),
  /** The keys that are held. The game server moves the player, so nobody can be faster than others or walk through walls. */
  z.strictObject({ type: z.literal('walk'), x: axis, z: axis }),
]);
export type PageMessage = z.output<typeof pageMessageSchema>;

export interface PlayerView extends Place {
  readonly id: string;
  readonly name: string;
}

export type GameMessage =
  /** What the page needs to join the voice room as this player. */
  | {
      readonly type: 'entered';
      readonly id: string;
      readonly voice: { readonly url: string; readonly room: string; readonly name: string; readonly token: string };
    }
  | { readonly type: 'players'; readonly players: readonly PlayerView[] };
