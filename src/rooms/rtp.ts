/** Brings sound into rooms and out of them by plain RTP, for the operator; `src/gateways/rtp` implements it. */
import type { z } from 'zod';
import type {
  newRtpInputSchema,
  newRtpOutputSchema,
  rtpInputSchema,
  rtpOutputSchema,
} from '../protocol/api/rtp-schemas.ts';
import type { Room } from './room.ts';

export type RtpInputInfo = z.output<typeof rtpInputSchema>;
export type NewRtpInput = z.output<typeof newRtpInputSchema>;
export type RtpOutputInfo = z.output<typeof rtpOutputSchema>;
export type NewRtpOutput = z.output<typeof newRtpOutputSchema>;

export interface RoomRtp {
  /**
   * Rejects with `rtp_off`, `rtp_port_taken`, `too_many_rtp`, `room_full`, `room_locked`, `invalid_name`,
   * `media_unavailable` or `server_busy`.
   */
  startInput(room: Room, wanted: NewRtpInput): Promise<RtpInputInfo>;
  /** Rejects with `forbidden_target`, `too_many_rtp`, `media_unavailable` or `server_busy`. */
  startOutput(room: Room, wanted: NewRtpOutput): Promise<RtpOutputInfo>;
  /** Oldest first. */
  list(room: Room): { readonly inputs: readonly RtpInputInfo[]; readonly outputs: readonly RtpOutputInfo[] };
  /** What a player needs to receive an output; it has the key. Throws `unknown_rtp`. */
  sdp(room: Room, id: string): string;
  /** Ends an input or an output. Throws `unknown_rtp`. */
  end(room: Room, id: string): void;
}
