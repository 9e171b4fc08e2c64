/** Offers and answers between clients and the media plane. Rooms never see SDP; only the code that talks to clients does. */
import type { Logger } from 'pino';
import { AppError } from '../lib/errors.ts';
import { parseOffer, type SdpLimits, UnusableOfferError } from '../rtc/sdp/sdp-offer.ts';
import type { AnySeat, MediaRoom, SeatOptions, SourceKind, WebRtcOffer } from './plane.ts';

export type { SdpLimits };
export { UnusableOfferError };

/** Somebody who takes a seat in the media of a room. */
export interface Sitter {
  readonly id: string;
  /** Undefined if there is none. */
  readonly seat: AnySeat | undefined;
  /** Replaces the previous seat; if `take` throws, that stays. */
  sit<S extends AnySeat>(take: (media: MediaRoom, options: SeatOptions) => S): S;
}

export interface Offer extends WebRtcOffer {
  /** Restarts ICE of the current connection (RFC 8445 section 2.4), whose DTLS and media continue. */
  readonly restart: boolean;
  /** What the client sends; as the room has decided if omitted. */
  readonly source?: SourceKind;
  /** See `SeatEvents.reached`. */
  readonly reached?: (() => void) | undefined;
}

/**
 * Answers an offer. A new connection replaces the previous one. Throws `AppError` `sdp_too_large`, `invalid_sdp`,
 * `media_unavailable`, `server_busy` or `cannot_restart`; the previous connection is then unaffected.
 */
export function answerOffer(sitter: Sitter, { restart, source, reached, ...offer }: Offer, log: Logger): string {
  const { sdp } = offer;
  log.debug({ participant: sitter.id, restart, sdp }, 'offer');
  const answer = restart
    ? restartIce(sitter, offer)
    : sitter.sit((media, { events, ...options }) =>
        media.connectWebRtc(offer, {
          ...options,
          ...(source && { kind: source }),
          events: reached === undefined ? events : { ...events, reached },
        }),
      ).answer;
  log.debug({ participant: sitter.id, sdp: answer }, 'answer');
  return answer;
}

/** Whether the audio that this client offers to send is in stereo. Throws `sdp_too_large` or `invalid_sdp`. */
export function sendsStereo(sdp: string, limits: SdpLimits): boolean {
  return parseOffer(sdp, limits).sendsStereo;
}

function restartIce({ seat }: Sitter, offer: WebRtcOffer): string {
  if (seat?.kind !== 'webrtc') throw new AppError('cannot_restart');
  return seat.restart(offer);
}
