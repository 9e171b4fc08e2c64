/**
 * The server's side of one DTLS-SRTP handshake (RFC 5764): werift's `DtlsServer` behind a strict filter. The filter
 * reassembles and orders the handshake, retransmits our flights, verifies the peer, and lets nothing unencrypted
 * through once there are keys.
 */
import { DtlsServer, HashAlgorithm, NamedCurveAlgorithm, SignatureAlgorithm } from 'werift';
import type { Cancel, Clock, Millis } from '../../lib/clock.ts';
import { TokenBucket } from '../../lib/rates/token-bucket.ts';
import type { DtlsCertificate, Fingerprint } from './certificate.ts';
import { cookieOf, type HelloRefusal, refusalOf } from './client-hello.ts';
import {
  CONTENT_TYPE,
  DTLS_1_2,
  DTLS_RECORD_HEADER,
  dtlsRecord,
  dtlsRecordEnd,
  dtlsRecordEpoch,
} from './dtls-record.ts';
import {
  HANDSHAKE_TYPE,
  type HandshakeMessage,
  HandshakeReassembler,
  handshakeRecord,
} from './handshake-reassembler.ts';
import { offerEverySignature } from './offered-signatures.ts';
import { findImpostor } from './peer-verification.ts';
import { type ExportedSrtpKeys, USE_SRTP_PROFILES, type UseSrtpProfile } from './use-srtp.ts';

export interface DtlsSessionEvents {
  /** The peer is verified. At most once. */
  connected(keys: ExportedSrtpKeys): void;
  /** The connection failed; the reason is for the log. At most once, never after `connected`. */
  failed(reason: string): void;
  /** The peer sent data over the connection. Only after `connected`; at most 50 times a second, the rest is lost. */
  data(content: Buffer): void;
  /** The peer has ended the connection. At most once, only after `connected`. */
  closed(): void;
}

export interface DtlsSessionOptions {
  readonly certificate: DtlsCertificate;
  /** From the peer's session description. Its certificate must match one of them (RFC 8122 section 5). */
  readonly remoteFingerprints: readonly Fingerprint[];
  /** Sends one datagram to the peer. Must not throw. */
  readonly send: (datagram: Buffer) => void;
  readonly clock: Clock;
  /** 15 s by default, from construction. */
  readonly handshakeTimeoutMs?: Millis;
  readonly events: DtlsSessionEvents;
}

const HANDSHAKE_TIMEOUT_MS = 15_000;
/**
 * RFC 6347 section 4.2.4.1 starts at one second, and allows less if a short delay matters. Browsers use 50 to 400 ms.
 */
const FIRST_RETRANSMISSION_MS = 400;
/** An unencrypted alert may be forged. If the handshake succeeds nevertheless, it was. */
const REFUSAL_GRACE_MS = 1000;
/** Maximum number of times our last flight is repeated because the peer repeats its own. */
const MAX_REPETITIONS = 16;
/** Records of data from the peer. Without data channels there is little to say; SCTP repeats what is dropped. */
const DATA_RECORDS = { perSecond: 50, burst: 100 } as const;
/** Encrypted records that may wait for the messages with their keys. */
const MAX_ENCRYPTED_WAITING = 4;
/**
 * In the order of preference of werift's server. Both are secure. AES-CM takes 6 bytes less per packet, and in
 * JavaScript its HMAC is cheaper than the other's GHASH.
 */
const PROFILES: readonly UseSrtpProfile[] = ['AES128_CM_HMAC_SHA1_80', 'AEAD_AES_128_GCM'];
const ALERT = { warning: 1, fatal: 2, closeNotify: 0 } as const;
/** werift numbers flights as in RFC 6347 figure 1. A number beyond the last ends its retransmission loop. */
const FLIGHT_DONE = 7;
/** Beyond the sequence numbers of our last flight. */
const FIRST_OWN_SEQUENCE = 1000;

/** The messages after the two ClientHellos, by message_seq. A client without a certificate cannot be verified. */
const FLIGHT_5: readonly number[] = [
  HANDSHAKE_TYPE.certificate,
  HANDSHAKE_TYPE.clientKeyExchange,
  HANDSHAKE_TYPE.certificateVerify,
];

offerEverySignature();

type State = 'handshaking' | 'connected' | 'closed';

export class DtlsSession {
  readonly #options: DtlsSessionOptions;
  readonly #server: DtlsServer;
  readonly #reassembler = new HandshakeReassembler();
  readonly #encrypted: Buffer[] = [];
  readonly #cancelTimeout: Cancel;
  #cancelRefusal: Cancel | null = null;
  #cancelRetransmission: Cancel | null = null;
  #state: State = 'handshaking';
  #flight: Buffer[] = [];
  #flightNumber = 0;
  #repetitions = 0;
  #recordSequence = 0;
  readonly #dataRecords: TokenBucket;
  #hasCertificateVerify = false;

  constructor(options: DtlsSessionOptions) {
    this.#options = options;
    const { certificate, clock } = options;
    this.#dataRecords = new TokenBucket({ ...DATA_RECORDS, now: clock.now() });
    this.#server = new DtlsServer({
      cert: certificate.certificatePem,
      key: certificate.privateKeyPem,
      signatureHash: { hash: HashAlgorithm.sha256_4, signature: SignatureAlgorithm.ecdsa_3 },
      srtpProfiles: PROFILES.map((name) => USE_SRTP_PROFILES[name].id),
      extendedMasterSecret: true,
      certificateRequest: true,
      transport: {
        type: 'udp',
        address: { address: '', family: '', port: 0 },
        closed: false,
        onData: () => {},
        send: async (datagram) => this.#send(datagram),
        close: async () => {},
      },
    });
    // RFC 8422 section 5.1: a client that lists no curves accepts any.
    this.#server.cipher.namedCurve = NamedCurveAlgorithm.secp256r1_23;
    this.#server.onConnect.subscribe(() => this.#finish());
    this.#server.onError.subscribe((error) => this.#fail(error instanceof Error ? error.message : String(error)));
    const timeoutMs = options.handshakeTimeoutMs ?? HANDSHAKE_TIMEOUT_MS;
    this.#cancelTimeout = clock.setTimer(clock.now() + timeoutMs, () => this.#fail('the handshake took too long'));
  }

  /** One datagram from the peer, from an address that passed ICE. Never throws. */
  receive(datagram: Uint8Array): void {
    for (let at = 0; at < datagram.length && this.#state !== 'closed'; ) {
      const end = dtlsRecordEnd(datagram, at);
      if (end < 0) return;
      const record = Buffer.from(datagram.buffer, datagram.byteOffset + at, end - at);
      if (dtlsRecordEpoch(record, 0) > 0) this.#receiveEncrypted(record);
      else if (this.#state === 'handshaking') this.#receivePlain(record);
      at = end;
    }
  }

  /** Sends data to the peer. Does nothing unless the peer is verified. Never throws. */
  send(content: Uint8Array): void {
    if (this.#state === 'connected') this.#sendRecord(CONTENT_TYPE.applicationData, Buffer.from(content));
  }

  /** Notifies the peer if possible, and releases everything. Idempotent; no event follows. */
  close(): void {
    if (this.#state === 'closed') return;
    if (this.#server.cipher.cipher !== undefined) this.#sendAlert(ALERT.warning, ALERT.closeNotify);
    this.#release();
  }

  #receivePlain(record: Buffer): void {
    const body = record.subarray(DTLS_RECORD_HEADER);
    if (record[0] === CONTENT_TYPE.alert) {
      if (body[0] === ALERT.fatal) this.#hearRefusal(body[1]);
      return;
    }
    if (record[0] !== CONTENT_TYPE.handshake) return;
    const repeated = this.#reassembler.receive(body);
    // The first message represents the whole flight; otherwise the flight would be answered once per message.
    if (repeated !== null && repeated === this.#reassembler.nextSequence - 1 && repeated < 2) this.#repeatFlight();
    for (let message = this.#reassembler.peek(); message !== null; message = this.#reassembler.peek()) {
      if (!this.#isExpected(message)) {
        this.#reassembler.reject();
        return;
      }
      this.#reassembler.accept();
      this.#deliver(message);
      if (this.#state !== 'handshaking') return;
    }
  }

  /**
   * Sends the alert at once, but does not end the handshake yet: someone with a forged address could have sent this
   * ClientHello.
   */
  #refuse({ alert, reason }: HelloRefusal): void {
    if (this.#repetitions++ >= MAX_REPETITIONS) return;
    const sequence = FIRST_OWN_SEQUENCE + this.#recordSequence++;
    this.#options.send(dtlsRecord(CONTENT_TYPE.alert, { epoch: 0, sequence }, Buffer.from([ALERT.fatal, alert])));
    const { clock } = this.#options;
    this.#cancelRefusal ??= clock.setTimer(clock.now() + REFUSAL_GRACE_MS, () => this.#fail(reason));
  }

  #hearRefusal(alert: number | undefined): void {
    const { clock } = this.#options;
    const fail = () => this.#fail(`the peer aborted with alert ${alert}`);
    this.#cancelRefusal ??= clock.setTimer(clock.now() + REFUSAL_GRACE_MS, fail);
  }

  /**
   * The ClientHello twice, the second time with our cookie; then certificate, key exchange and signature (RFC 6347
   * figure 1).
   */
  #isExpected({ type, sequence, body }: HandshakeMessage): boolean {
    if (sequence > 1) return type === FLIGHT_5[sequence - 2];
    if (type !== HANDSHAKE_TYPE.clientHello) return false;
    const refusal = refusalOf(body);
    if (refusal !== null) {
      this.#refuse(refusal);
      return false;
    }
    const cookie = cookieOf(body);
    return sequence === 0 ? cookie.length === 0 : this.#server.dtls.cookie?.equals(cookie) === true;
  }

  #deliver({ type, sequence, body }: HandshakeMessage): void {
    this.#feed(handshakeRecord(type, sequence, body));
    // The flight has been sent by now. We retransmit it with our clock and from our copy.
    if (sequence === 1 && this.#state === 'handshaking') {
      this.#server.dtls.flight = FLIGHT_DONE;
      this.#scheduleRetransmission(FIRST_RETRANSMISSION_MS);
    }
    if (type === HANDSHAKE_TYPE.certificateVerify) {
      this.#hasCertificateVerify = true;
      for (const record of this.#encrypted.splice(0)) this.#feed(record);
    }
  }

  #receiveEncrypted(record: Buffer): void {
    if (this.#state === 'handshaking') {
      if (record[0] !== CONTENT_TYPE.handshake) return;
      if (this.#hasCertificateVerify) this.#feed(record);
      else if (this.#encrypted.length < MAX_ENCRYPTED_WAITING) this.#encrypted.push(Buffer.from(record));
      return;
    }
    const type = record[0];
    if (type === CONTENT_TYPE.applicationData) {
      this.#receiveData(record);
      return;
    }
    if (type !== CONTENT_TYPE.alert && type !== CONTENT_TYPE.handshake) return;
    const content = this.#decrypt(record);
    if (content === null) return;
    // The peer repeats its Finished until it has received ours.
    if (type === CONTENT_TYPE.handshake) {
      if (content[0] === HANDSHAKE_TYPE.finished) this.#repeatFlight();
      return;
    }
    if (content.length !== 2 || (content[0] !== ALERT.fatal && content[1] !== ALERT.closeNotify)) return;
    this.#release();
    this.#options.events.closed();
  }

  #receiveData(record: Buffer): void {
    const { events, clock } = this.#options;
    if (!this.#dataRecords.take(clock.now())) return;
    const content = this.#decrypt(record);
    if (content !== null) events.data(content);
  }

  #feed(record: Buffer): void {
    try {
      this.#server.transport.socket.onData(record, ['', 0]);
    } catch {
      // If werift cannot parse it, the handshake cannot succeed; the timeout ends it.
    }
  }

  #decrypt(record: Buffer): Buffer | null {
    try {
      const header = {
        type: record[0]!,
        version: record.readUInt16BE(1),
        epoch: record.readUInt16BE(3),
        sequenceNumber: record.readUIntBE(5, 6),
      };
      return this.#server.cipher.cipher.decrypt(this.#server.sessionType, record.subarray(DTLS_RECORD_HEADER), header);
    } catch {
      return null;
    }
  }

  #send(datagram: Buffer): void {
    if (this.#state === 'closed') return;
    const { flight } = this.#server.dtls;
    if (flight !== this.#flightNumber) {
      this.#flightNumber = flight;
      this.#flight = [];
    }
    this.#flight.push(datagram);
    this.#options.send(datagram);
  }

  #repeatFlight(): void {
    if (this.#repetitions++ >= MAX_REPETITIONS) return;
    for (const datagram of this.#flight) this.#options.send(datagram);
  }

  #scheduleRetransmission(delayMs: Millis): void {
    const { clock } = this.#options;
    this.#cancelRetransmission = clock.setTimer(clock.now() + delayMs, () => {
      for (const datagram of this.#flight) this.#options.send(datagram);
      this.#scheduleRetransmission(delayMs * 2);
    });
  }

  /** werift accepts the peer's Finished unverified, so it is verified here. */
  #finish(): void {
    if (this.#state !== 'handshaking') return;
    let outcome: ExportedSrtpKeys | string;
    try {
      outcome = this.#verify();
    } catch (error) {
      outcome = error instanceof Error ? error.message : String(error);
    }
    if (typeof outcome === 'string') {
      this.#fail(outcome);
      return;
    }
    this.#state = 'connected';
    this.#repetitions = 0;
    this.#stopTimers();
    this.#reassembler.clear();
    this.#options.events.connected(outcome);
  }

  #verify(): ExportedSrtpKeys | string {
    const { dtls, cipher, srtp } = this.#server;
    // Only the peer sends CertificateVerify, and the first Finished is the peer's.
    const messages = dtls.sortedHandshakeCache;
    const bodyOf = (type: number) => messages.find((message) => message.msg_type === type)?.fragment;
    const certificateVerify = bodyOf(HANDSHAKE_TYPE.certificateVerify);
    const finished = bodyOf(HANDSHAKE_TYPE.finished);
    const certificate = cipher.remoteCertificate;
    // Nobody passes without these, whatever werift makes of such a handshake.
    if (certificate === undefined || certificateVerify === undefined || finished === undefined) {
      return 'the peer sent no certificate';
    }
    const signedCount = messages.findIndex((message) => message.msg_type === HANDSHAKE_TYPE.certificateVerify);
    const serialized = messages.map((message) => message.serialize());
    const impostor = findImpostor(
      {
        certificate,
        certificateVerify,
        finished,
        beforeCertificateVerify: Buffer.concat(serialized.slice(0, signedCount)),
        beforeFinished: Buffer.concat(serialized.slice(0, signedCount + 1)),
        masterSecret: cipher.masterSecret,
      },
      this.#options.remoteFingerprints,
    );
    if (impostor !== null) return impostor;
    const profile = PROFILES.find((name) => USE_SRTP_PROFILES[name].id === srtp.srtpProfile);
    if (profile === undefined) return 'no common SRTP protection profile';
    const { keyLength, saltLength } = USE_SRTP_PROFILES[profile];
    const keys = this.#server.extractSessionKeys(keyLength, saltLength);
    return {
      profile,
      local: { key: Uint8Array.from(keys.localKey), salt: Uint8Array.from(keys.localSalt) },
      remote: { key: Uint8Array.from(keys.remoteKey), salt: Uint8Array.from(keys.remoteSalt) },
    };
  }

  #sendAlert(level: number, description: number): void {
    this.#sendRecord(CONTENT_TYPE.alert, Buffer.from([level, description]));
  }

  #sendRecord(type: number, content: Buffer): void {
    const sequence = FIRST_OWN_SEQUENCE + this.#recordSequence++;
    try {
      const header = { type, version: DTLS_1_2, epoch: 1, sequenceNumber: sequence };
      const body = this.#server.cipher.cipher.encrypt(this.#server.sessionType, content, header);
      this.#options.send(dtlsRecord(type, { epoch: 1, sequence }, body));
    } catch {
      // There are no keys yet, so the peer finds out by its own timeout.
    }
  }

  #fail(reason: string): void {
    if (this.#state !== 'handshaking') return;
    this.close();
    this.#options.events.failed(reason);
  }

  #release(): void {
    this.#state = 'closed';
    this.#stopTimers();
    this.#encrypted.length = 0;
    this.#flight = [];
    this.#reassembler.clear();
    this.#server.dtls.flight = FLIGHT_DONE;
    this.#server.onConnect.allUnsubscribe();
    this.#server.onError.allUnsubscribe();
  }

  #stopTimers(): void {
    this.#cancelTimeout();
    this.#cancelRefusal?.();
    this.#cancelRetransmission?.();
    this.#cancelRetransmission = null;
  }
}
