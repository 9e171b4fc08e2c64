/**
 * One participant's connection on the control plane: it negotiates, does the DTLS handshake over its worker's UDP port,
 * and hands the keys to the worker, which from then on has all it needs.
 */
import { randomBytes, randomInt } from 'node:crypto';
import type { Logger } from 'pino';
import type { Clock } from '../../lib/clock.ts';
import { AppError } from '../../lib/errors.ts';
import type { MixSettings } from '../../mixer/mix/mixer.ts';
import type { DtlsCertificate } from '../../rtc/dtls/certificate.ts';
import { DtlsSession, type DtlsSessionOptions } from '../../rtc/dtls/dtls-session.ts';
import type { IceCredentials } from '../../rtc/ice/ice-lite.ts';
import { type AnswerOptions, answeredDirection, type CandidateAddress, writeAnswer } from '../../rtc/sdp/sdp-answer.ts';
import { type AudioOffer, parseOffer, type SdpLimits } from '../../rtc/sdp/sdp-offer.ts';
import type { MediaCommand } from '../link/messages.ts';
import type {
  CaptureSink,
  ConnectOptions,
  MediaCloseReason,
  MediaConnection,
  MediaConnectionEvents,
  MediaNetwork,
} from '../plane.ts';
import type { HandshakeQueue } from './handshake-queue.ts';
import { QueuedHandshake } from './queued-handshake.ts';

export interface ConnectionOptions extends ConnectOptions {
  readonly id: number;
  readonly roomId: number;
  readonly mix: MixSettings;
  /** Where browsers reach the worker now. */
  readonly candidates: () => readonly CandidateAddress[];
  readonly sdpLimits: SdpLimits;
  readonly certificate: DtlsCertificate;
  readonly handshakes: HandshakeQueue;
  readonly clock: Clock;
  readonly log: Logger;
  readonly post: (command: MediaCommand) => void;
  /** The connection is gone, for whatever reason. */
  readonly onGone: (connection: Connection) => void;
  /** It is no longer in its room: it is gone, or was moved. */
  readonly onLeft: (connection: Connection) => void;
}

/** Into another room of the same worker. */
export type RoomMove = Pick<ConnectionOptions, 'roomId' | 'mix' | 'muted' | 'deafened' | 'onLeft'>;

export class Connection implements MediaConnection {
  readonly id: number;
  readonly sdp: string;
  readonly #sdpLimits: SdpLimits;
  readonly #candidates: () => readonly CandidateAddress[];
  /** The latest one. */
  #offer: AudioOffer;
  #credentials: IceCredentials;
  /** What stays the same in every answer. */
  readonly #answer: Pick<AnswerOptions, 'fingerprint' | 'ssrc' | 'cname'>;
  #answers = 0;
  /** Of the last two answers: the way before an ICE restart is good until the new one is found. */
  #localUfrags: readonly string[] = [];
  readonly #post: (command: MediaCommand) => void;
  readonly #events: MediaConnectionEvents;
  readonly #onGone: (connection: Connection) => void;
  #onLeft: (connection: Connection) => void;
  readonly #handshake: QueuedHandshake;
  #state: 'open' | 'lost' | 'closed' = 'open';
  #captureSink: CaptureSink | null = null;
  #network: MediaNetwork = { incoming: null, outgoing: null, roundTripMs: null };

  /** Throws `AppError` `invalid_sdp` or `sdp_too_large`. */
  constructor(options: ConnectionOptions) {
    const { id, roomId, mix, certificate, clock, log, post, events, muted, deafened } = options;
    const offer = parseOffer(options.sdp, options.sdpLimits);
    this.id = id;
    this.#sdpLimits = options.sdpLimits;
    this.#candidates = options.candidates;
    this.#offer = offer;
    this.#post = post;
    this.#events = events;
    this.#onGone = options.onGone;
    this.#onLeft = options.onLeft;

    const credentials = createCredentials(offer);
    this.#credentials = credentials;
    const ssrc = randomInt(1, 2 ** 32);
    const cname = randomBytes(9).toString('base64url');
    this.#answer = { fingerprint: certificate.fingerprint, ssrc, cname };
    this.sdp = this.#writeAnswer(offer, credentials);
    post({
      type: 'add_transport',
      transportId: id,
      roomId,
      mix,
      parameters: {
        ...credentials,
        localSsrc: ssrc,
        cname,
        opusPayloadType: offer.opusPayloadType,
        redPayloadType: offer.redPayloadType,
        audioLevelExtensionId: offer.audioLevelExtensionId,
        direction: answeredDirection(offer),
      },
      muted,
      deafened,
    });
    const failed = (reason: string): void => {
      log.info({ connection: id, reason }, 'handshake failed');
      this.end('handshake_failed');
    };
    const dtls: DtlsSessionOptions = {
      certificate,
      remoteFingerprints: offer.fingerprints,
      clock,
      // A copy, because posting a view would post all of the memory behind it.
      send: (datagram) => post({ type: 'send_dtls', transportId: id, datagram: new Uint8Array(datagram) }),
      events: {
        connected: (keys) => {
          post({ type: 'set_keys', transportId: id, keys });
          events.connected();
        },
        failed,
        closed: () => this.end('closed_by_peer'),
      },
    };
    this.#handshake = new QueuedHandshake({
      queue: options.handshakes,
      address: options.address ?? '',
      clock,
      open: () => new DtlsSession(dtls),
      timedOut: () => failed('the peer did not begin a handshake'),
    });
  }

  get network(): MediaNetwork {
    return this.#network;
  }

  /** From the worker. */
  receiveNetwork(network: MediaNetwork): void {
    this.#network = network;
  }

  restart(sdp: string): string {
    if (this.#state !== 'open') throw new AppError('cannot_restart');
    const before = this.#offer;
    const offer = parseOffer(sdp, this.#sdpLimits, speechMidOf(before));
    if (!isOfSamePeer(offer, before)) throw new AppError('cannot_restart', 'It is of another connection.');
    this.#offer = offer;
    // RFC 8839 section 4.4.1.1: an offer with the old credentials is about something else.
    if (offer.iceUfrag !== before.iceUfrag || offer.icePassword !== before.icePassword) {
      this.#credentials = createCredentials(offer);
      this.#post({ type: 'restart_ice', transportId: this.id, credentials: this.#credentials });
    }
    if (offer.direction !== before.direction) {
      this.#post({ type: 'set_direction', transportId: this.id, direction: answeredDirection(offer) });
    }
    return this.#writeAnswer(offer, this.#credentials);
  }

  /** ICE, DTLS and RTP go on. */
  moveTo({ onLeft, ...move }: RoomMove): void {
    this.#post({ type: 'move_transport', transportId: this.id, ...move });
    this.#onLeft(this);
    this.#onLeft = onLeft;
  }

  setMuted(muted: boolean): void {
    this.#post({ type: 'set_muted', transportId: this.id, muted });
  }

  setDeafened(deafened: boolean): void {
    this.#post({ type: 'set_deafened', transportId: this.id, deafened });
  }

  startCapture(maxBytes: number, sink: CaptureSink): void {
    this.#captureSink = sink;
    this.#post({ type: 'set_capture', transportId: this.id, maxBytes });
  }

  stopCapture(): void {
    if (this.#captureSink === null) return;
    this.#captureSink = null;
    this.#post({ type: 'set_capture', transportId: this.id, maxBytes: null });
  }

  /** Packets in the clear, while they are wanted. */
  receiveCaptured(records: Uint8Array, isFull: boolean): void {
    if (this.#state !== 'open') return;
    this.#captureSink?.records(records);
    if (isFull) this.#captureSink?.full();
  }

  /** Whether STUN requests to this ufrag are meant for this connection. */
  isNamed(localUfrag: string): boolean {
    return this.#localUfrags.includes(localUfrag);
  }

  /** A DTLS datagram from the worker. */
  receiveDtls(datagram: Uint8Array): void {
    this.#handshake.receive(datagram);
  }

  /** The worker hears nothing any more on this connection, or something again. */
  tellSilent(silent: boolean): void {
    if (this.#state === 'open') this.#events.silent(silent);
  }

  /** The peer sends from an address that ICE does not know. */
  tellMoved(): void {
    if (this.#state === 'open') this.#events.moved?.();
  }

  /** Ends the connection and says why. */
  end(reason: MediaCloseReason): void {
    if (this.#state !== 'open') return;
    this.close();
    this.#events.closed(reason);
  }

  /** The worker is gone, and the connection with it; `tellLost` says so when the time has come. */
  lose(): void {
    if (this.#state !== 'open') return;
    this.#free();
    this.#state = 'lost';
  }

  tellLost(): void {
    if (this.#state !== 'lost') return;
    this.#state = 'closed';
    this.#events.closed('media_failed');
  }

  close(): void {
    if (this.#state === 'open') this.#free();
    this.#state = 'closed';
  }

  #writeAnswer(offer: AudioOffer, { localUfrag, localPassword }: IceCredentials): string {
    if (!this.isNamed(localUfrag)) this.#localUfrags = [...this.#localUfrags.slice(-1), localUfrag];
    return writeAnswer(offer, {
      ...this.#answer,
      version: ++this.#answers,
      ufrag: localUfrag,
      password: localPassword,
      candidates: this.#candidates(),
    });
  }

  #free(): void {
    // The close_notify goes out before its way out is removed.
    this.#handshake.close();
    this.#post({ type: 'remove_transport', transportId: this.id });
    this.#onGone(this);
    this.#onLeft(this);
  }
}

/** RFC 8445 section 5.3 asks for 24 bits in the ufrag and 128 in the password. */
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

/** An RTCPeerConnection keeps its certificate and what was agreed on about the codecs. */
function isOfSamePeer(offer: AudioOffer, before: AudioOffer): boolean {
  return (
    offer.fingerprints.some((one) => before.fingerprints.some((other) => one.value === other.value)) &&
    offer.opusPayloadType === before.opusPayloadType &&
    offer.redPayloadType === before.redPayloadType &&
    offer.audioLevelExtensionId === before.audioLevelExtensionId
  );
}
