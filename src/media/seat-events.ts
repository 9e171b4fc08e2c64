import type { MediaNetwork } from './endpoint.ts';

/** Why a participant's media ended without the room's request. */
export type MediaCloseReason =
  /** DTLS did not complete in time, or the peer does not match its session description. */
  | 'handshake_failed'
  /** Nothing was received for the consent time (RFC 7675). */
  | 'silent'
  /** The browser closed its DTLS connection. */
  | 'closed_by_peer'
  /** The participant's worker died; another has replaced it. */
  | 'media_failed';

/** Events of a seat for its room. */
export interface SeatEvents {
  /** Audio flows both ways: with WebRTC, DTLS is complete and the peer is verified. Never called synchronously. */
  connected(): void;
  /** The peer has found a path to the server: its first DTLS datagram has come. Before `connected`. */
  reached?(): void;
  /** Nothing has been received for some seconds, or packets arrive again. Only after `connected`. */
  silent(silent: boolean): void;
  /** Media comes from an address to which replies cannot be sent yet; an ICE restart would make it known. */
  moved?(): void;
  /** How well packets get through, every few seconds. */
  network?(network: MediaNetwork): void;
  /** The seat is gone. Called at most once, never after `Seat.close`. */
  closed(reason: MediaCloseReason): void;
}
