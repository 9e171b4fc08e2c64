/**
 * Offers and answers between a client and the media plane: the only place where a participant's session handles SDP.
 */
import type { Logger } from 'pino';
import { AppError } from '../lib/errors.ts';
import type { Participant } from '../rooms/participant.ts';

export interface Offer {
  readonly sdp: string;
  /** Restarts ICE of the current connection (RFC 8445 section 2.4), whose DTLS and media continue. */
  readonly restart: boolean;
  /** The client's address, as returned by `addressKey`. */
  readonly address: string;
  /** See `TrustedProxies.isRemote`. */
  readonly isRemote: boolean;
}

/**
 * Answers an offer. A new connection replaces the previous one. Throws `AppError` `sdp_too_large`, `invalid_sdp`,
 * `media_unavailable`, `server_busy` or `cannot_restart`; the previous connection is then unaffected.
 */
export function answerOffer(participant: Participant, { restart, ...offer }: Offer, log: Logger): string {
  const { sdp } = offer;
  log.debug({ participant: participant.id, restart, sdp }, 'offer');
  const answer = restart
    ? restartIce(participant, offer)
    : participant.sit((media, options) => media.connectWebRtc(offer, options)).answer;
  log.debug({ participant: participant.id, sdp: answer }, 'answer');
  return answer;
}

function restartIce({ seat }: Participant, offer: Omit<Offer, 'restart'>): string {
  if (seat?.kind !== 'webrtc') throw new AppError('cannot_restart');
  return seat.restart(offer);
}
