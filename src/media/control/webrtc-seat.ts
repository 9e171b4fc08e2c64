/**
 * The seat of a participant with a WebRTC connection. It negotiates, performs the DTLS handshake through its worker's
 * port, and passes the keys to the worker, which then needs nothing else.
 */
import { randomBytes, randomInt } from 'node:crypto';
import type { Logger } from 'pino';
import type { Clock } from '../../lib/clock.ts';
import { AppError } from '../../lib/errors.ts';
import type { DtlsCertificate } from '../../rtc/dtls/certificate.ts';
import { DtlsSession, type DtlsSessionOptions } from '../../rtc/dtls/dtls-session.ts';
import type { IceCredentials } from '../../rtc/ice/ice-lite.ts';
import { SctpResponder } from '../../rtc/sctp/sctp-responder.ts';
import { type AnswerOptions, answeredDirection, type CandidateAddress, writeAnswer } from '../../rtc/sdp/sdp-answer.ts';
import { type AudioOffer, oneWay, parseOffer, type SdpLimits } from '../../rtc/sdp/sdp-offer.ts';
import type { SeatOptions, SourceKind, WebRtcOffer, WebRtcSeat } from '../plane.ts';
import { ControlSeat, type SeatContext, type SeatPlace } from './control-seat.ts';
import type { HandshakeQueue } from './handshake-queue.ts';
import { QueuedHandshake } from './queued-handshake.ts';

/** Shared by all WebRTC seats of a worker. */
export interface WebRtcContext {
  /** Where the offerer can reach the worker. Throws `AppError` `media_unavailable` if there is no address. */
  readonly candidates: (offer: WebRtcOffer) => readonly CandidateAddress[];
  readonly sdpLimits: SdpLimits;
  readonly certificate: DtlsCertificate;
  readonly handshakes: HandshakeQueue;
  readonly clock: Clock;
  readonly log: Logger;
}

export class WebRtcControlSeat extends ControlSeat implements WebRtcSeat {
  readonly kind = 'webrtc';
  readonly answer: string;
  readonly #context: WebRtcContext;
  /** The latest offer. */
  #offer: AudioOffer;
  #credentials: IceCredentials;
  /** The parts that are the same in every answer. */
  readonly #constant: Pick<AnswerOptions, 'fingerprint' | 'ssrc' | 'cname'>;
  #answers = 0;
  /** From the last two answers: the path before an ICE restart remains valid until the new one is found. */
  #localUfrags: readonly string[] = [];
  readonly #address: string;
  /** As the worker knows it. */
  readonly #audioLevelExtensionId: number | null;
  #handshake: QueuedHandshake | undefined;
  #isReached = false;

  /**
   * Reads the offer and writes the answer. Throws `AppError` `invalid_sdp`, `sdp_too_large` or `media_unavailable`; in
   * that case the seat is not known anywhere yet.
   */
  static negotiate(
    made: WebRtcOffer,
    options: SeatOptions,
    place: SeatPlace,
    context: SeatContext & WebRtcContext,
  ): WebRtcControlSeat {
    const offer = readOffer(made, context.sdpLimits, { kind: options.kind });
    return new WebRtcControlSeat(offer, made, options, place, context);
  }

  private constructor(
    offer: AudioOffer,
    made: WebRtcOffer,
    options: SeatOptions,
    place: SeatPlace,
    context: SeatContext & WebRtcContext,
  ) {
    super(context, options, place);
    this.#context = context;
    this.#offer = offer;
    this.#audioLevelExtensionId = offer.audioLevelExtensionId;
    this.#address = made.address;
    this.#credentials = createCredentials(offer);
    this.#constant = {
      fingerprint: context.certificate.fingerprint,
      ssrc: randomInt(1, 2 ** 32),
      cname: randomBytes(9).toString('base64url'),
    };
    this.answer = this.#writeAnswer(offer, this.#credentials, context.candidates(made));
  }

  start(): void {
    const { id: memberId } = this;
    const { ssrc, cname } = this.#constant;
    const { opusPayloadType, sentOpusPayloadType, wantsStereo, redPayloadType, audioLevelExtensionId } = this.#offer;
    this.post({
      type: 'add_member',
      memberId,
      roomId: this.roomId,
      endpoint: {
        kind: 'webrtc',
        parameters: {
          ...this.#credentials,
          localSsrc: ssrc,
          cname,
          opusPayloadType,
          sentOpusPayloadType,
          takesStereo: wantsStereo,
          redPayloadType,
          audioLevelExtensionId,
          direction: answeredDirection(this.#offer),
        },
      },
      kind: this.kindOfSource,
      state: this.initialState,
    });
    this.#handshake = this.#expectHandshake();
  }

  #expectHandshake(): QueuedHandshake {
    const { id: memberId } = this;
    const { certificate, handshakes, clock, log } = this.#context;
    let session: DtlsSession | undefined;
    const sctp = new SctpResponder({ tag: randomInt(1, 2 ** 32), send: (packet) => session?.send(packet) });
    const failed = (reason: string): void => {
      log.info({ seat: memberId, reason }, 'handshake failed');
      this.end('handshake_failed');
    };
    const dtls: DtlsSessionOptions = {
      certificate,
      remoteFingerprints: this.#offer.fingerprints,
      clock,
      // A copy, because posting a view would post the whole memory behind it.
      send: (datagram) => this.post({ type: 'send_dtls', memberId, datagram: new Uint8Array(datagram) }),
      events: {
        connected: (keys) => {
          this.post({ type: 'set_keys', memberId, keys });
          this.events.connected();
        },
        failed,
        data: (content) => sctp.receive(content),
        closed: () => this.end('closed_by_peer'),
      },
    };
    return new QueuedHandshake({
      queue: handshakes,
      address: this.#address,
      clock,
      open: () => {
        session = new DtlsSession(dtls);
        return session;
      },
      timedOut: () => failed('the peer did not start a handshake'),
    });
  }

  restart(made: WebRtcOffer): string {
    if (!this.isOpen) throw new AppError('cannot_restart');
    const before = this.#offer;
    const known = { kind: this.kindOfSource, speechMid: speechMidOf(before) };
    const offer = this.#withKnownLevel(readOffer(made, this.#context.sdpLimits, known));
    if (!isSamePeer(offer, before)) throw new AppError('cannot_restart', 'The offer belongs to another connection.');
    const candidates = this.#context.candidates(made);
    this.#offer = offer;
    // RFC 8839 section 4.4.1.1: an offer with the old credentials is not an ICE restart.
    if (offer.iceUfrag !== before.iceUfrag || offer.icePassword !== before.icePassword) {
      this.#credentials = createCredentials(offer);
      this.post({ type: 'restart_ice', memberId: this.id, credentials: this.#credentials });
    }
    if (offer.direction !== before.direction)
      this.post({ type: 'set_direction', memberId: this.id, direction: answeredDirection(offer) });
    return this.#writeAnswer(offer, this.#credentials, candidates);
  }

  /** Claimed levels only save work, so an offer may leave them out, and another number for them is not accepted. */
  #withKnownLevel(offer: AudioOffer): AudioOffer {
    const { audioLevelExtensionId } = offer;
    return audioLevelExtensionId === this.#audioLevelExtensionId ? offer : { ...offer, audioLevelExtensionId: null };
  }

  /** Whether STUN requests to this ufrag belong to this seat. */
  isNamed(localUfrag: string): boolean {
    return this.#localUfrags.includes(localUfrag);
  }

  /** A DTLS datagram from the worker. */
  receiveDtls(datagram: Uint8Array): void {
    if (!this.#isReached) this.events.reached?.();
    this.#isReached = true;
    this.#handshake?.receive(datagram);
  }

  protected free(): void {
    // Sends the close_notify.
    this.#handshake?.close();
  }

  #writeAnswer(
    offer: AudioOffer,
    { localUfrag, localPassword }: IceCredentials,
    candidates: readonly CandidateAddress[],
  ): string {
    if (!this.isNamed(localUfrag)) this.#localUfrags = [...this.#localUfrags.slice(-1), localUfrag];
    return writeAnswer(offer, {
      ...this.#constant,
      kind: this.kindOfSource,
      version: ++this.#answers,
      ufrag: localUfrag,
      password: localPassword,
      candidates,
    });
  }
}

interface Known {
  /** A voice by default. */
  readonly kind: SourceKind | undefined;
  /** See `parseOffer`. */
  readonly speechMid?: string | null;
}

function readOffer({ sdp, only }: WebRtcOffer, limits: SdpLimits, { kind, speechMid = null }: Known): AudioOffer {
  const parsed = parseOffer(sdp, limits, speechMid);
  const offer = only === undefined ? parsed : oneWay(parsed, only);
  // RED would double the bit rate of music.
  return kind === 'music' ? { ...offer, redPayloadType: null } : offer;
}

/** RFC 8445 section 5.3 requires 24 bits in the ufrag and 128 in the password. */
function createCredentials({ iceUfrag }: AudioOffer): IceCredentials {
  return {
    localUfrag: randomBytes(9).toString('base64'),
    localPassword: randomBytes(24).toString('base64'),
    remoteUfrag: iceUfrag,
  };
}

function speechMidOf({ sections }: AudioOffer): string | null {
  return sections.find(({ role }) => role === 'speech')?.mid ?? null;
}

/** The same RTCPeerConnection keeps its certificate and the negotiated codecs. */
function isSamePeer(offer: AudioOffer, before: AudioOffer): boolean {
  return (
    offer.fingerprints.some((one) => before.fingerprints.some((other) => one.value === other.value)) &&
    offer.opusPayloadType === before.opusPayloadType &&
    offer.sentOpusPayloadType === before.sentOpusPayloadType &&
    offer.redPayloadType === before.redPayloadType
  );
}
