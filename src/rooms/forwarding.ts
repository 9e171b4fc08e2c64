/** Sends the sound of rooms elsewhere, for the operator; `src/gateways/forward` implements it. */
import type { z } from 'zod';
import type { forwardSchema, newForwardSchema } from '../protocol/api/forward-schemas.ts';
import type { Room } from './room.ts';

export type ForwardInfo = z.output<typeof forwardSchema>;
export type ForwardError = NonNullable<ForwardInfo['error']>;
export type NewForward = z.output<typeof newForwardSchema>;

export interface Forwarding {
  /** Throws `forbidden_target` or `too_many_forwards`. */
  start(room: Room, wanted: NewForward): ForwardInfo;
  /** Oldest first. */
  list(room: Room): readonly ForwardInfo[];
  /** Throws `unknown_forward`. */
  get(room: Room, id: string): ForwardInfo;
  /** Throws `unknown_forward`. */
  end(room: Room, id: string): void;
}
