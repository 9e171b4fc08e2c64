import { createHash, randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import { DtlsClient, RTCDtlsTransport } from 'werift';
import { USE_SRTP_PROFILES, type UseSrtpProfile } from '../../src/rtc/dtls/use-srtp.ts';
import { parseStun, type StunMessage, verifyStunIntegrity } from '../../src/rtc/ice/stun.ts';
import { writeBindingRequest, writeBindingSuccess } from '../../src/rtc/ice/stun-writer.ts';
import type { SrtpKeys } from '../../src/rtc/srtp/srtp-keys.ts';
import { SrtpSession } from '../../src/rtc/srtp/srtp-session.ts';
import { createRepetitionFilter } from './hello-verify.ts';
import type { Answer } from './session-description.ts';

const CHECK_INTERVAL_MS = 100;
const KEEP_ALIVE_MS = 2500;
const CONNECT_TIMEOUT_MS = 15_000;
/** RFC 8445 section 5.1.2.1 with the type preference 110 of peer-reflexive candidates. */
const PEER_REFLEXIVE_PRIORITY = 110 * 2 ** 24 + 65_535 * 2 ** 8 + 255;

type DtlsTransport = ConstructorParameters<typeof DtlsClient>[0]['transport'];

/** All participants of a process share one certificate: making one costs more than a handshake. */
export interface Certificate {
  readonly pem: string;
  readonly privateKey: string;
  /** SHA-256, upper-case hex with colons. */
  readonly fingerprint: string;
  readonly signatureHash: NonNullable<ConstructorParameters<typeof DtlsClient>[0]['signatureHash']>;
}

export async function createCertificate(): Promise<Certificate> {
  const certificate = await RTCDtlsTransport.SetupCertificate();
  const fingerprint = certificate.getFingerprints().find(({ algorithm }) => algorithm === 'sha-256')!.value;
  const { certPem, privateKey, signatureHash } = certificate;
  return { pem: certPem, privateKey, signatureHash, fingerprint: fingerprint.toUpperCase() };
}

export interface IceCredentials {
  readonly iceUfrag: string;
  readonly icePwd: string;
  readonly answer: Answer;
}

export interface MediaTransportOptions extends IceCredentials {
  readonly certificate: Certificate;
  /** Called with each RTP packet as it arrived, still encrypted. RTCP is left out. */
  readonly onRtp: (packet: Buffer) => void;
}

/**
 * ICE (as the controlling agent; its only pair is nominated at once), DTLS as the client, and SRTP over one connected
 * UDP socket. The server tells its peers apart by address, so participants cannot share a socket.
 */
export class MediaTransport {
  srtp: SrtpSession;
  readonly #keys: SrtpKeys;
  readonly #socket: Socket;
  readonly #keepAlive: NodeJS.Timeout;
  readonly #dtls: DtlsTransport;
  readonly #agent: IceAgent;

  private constructor(keys: SrtpKeys, socket: Socket, agent: IceAgent, keepAlive: NodeJS.Timeout, dtls: DtlsTransport) {
    this.#keys = keys;
    this.srtp = new SrtpSession(keys);
    this.#agent = agent;
    this.#socket = socket;
    this.#keepAlive = keepAlive;
    this.#dtls = dtls;
  }

  /**
   * Resolves when DTLS is complete. Rejects after 15 s, or if the server's certificate is not the one in its answer.
   */
  static async connect(options: MediaTransportOptions): Promise<MediaTransport> {
    const { answer, certificate, onRtp } = options;
    const socket = createSocket(isIPv6(answer.address) ? 'udp6' : 'udp4');
    // If the server has gone, ECONNREFUSED arrives here. The counters show it too.
    socket.on('error', () => {});
    socket.connect(answer.port, answer.address);
    await once(socket, 'connect');
    const agent = new IceAgent(options, (message) => socket.send(message));
    let onDtls: (datagram: Buffer) => void = () => {};
    // RFC 7983: the first byte tells the protocols apart. RFC 5761: the second byte tells RTCP from RTP.
    socket.on('message', (datagram) => {
      const first = datagram[0]!;
      if (first >= 128) {
        if (datagram[1]! < 192 || datagram[1]! > 223) onRtp(datagram);
      } else if (first >= 20) onDtls(datagram);
      else agent.receive(datagram);
    });
    let keepAlive: NodeJS.Timeout | undefined;
    const transport: DtlsTransport = {
      type: 'udp',
      address: socket.address(),
      closed: false,
      onData: () => {},
      // werift may still repeat a flight after we gave up on the handshake.
      send: async (data) => {
        if (!transport.closed) socket.send(data);
      },
      close: async () => {},
    };
    const isRepeated = createRepetitionFilter();
    onDtls = (datagram) => {
      if (!isRepeated(datagram)) transport.onData(datagram, [answer.address, answer.port]);
    };
    try {
      await withTimeout(agent.connect(), 'no answer to the connectivity checks');
      keepAlive = setInterval(() => agent.check(), KEEP_ALIVE_MS);
      const keys = await withTimeout(handshake(transport, certificate, answer), 'the DTLS handshake did not finish');
      return new MediaTransport(keys, socket, agent, keepAlive, transport);
    } catch (error) {
      clearInterval(keepAlive);
      transport.closed = true;
      socket.close();
      throw error;
    } finally {
      agent.stop();
    }
  }

  /**
   * Continues with the credentials of an ICE restart (RFC 8445 section 2.4). Resolves when the server has answered a
   * check.
   */
  async restartIce(credentials: IceCredentials): Promise<void> {
    this.#agent.restart(credentials);
    await withTimeout(this.#agent.connect(), 'no answer to the connectivity checks after the ICE restart').finally(() =>
      this.#agent.stop(),
    );
  }

  /** From now on packets may have another SSRC: SRTP counts the packets of each SSRC. */
  changeSource(): void {
    this.srtp = new SrtpSession(this.#keys);
  }

  /** `packet` is a whole SRTP packet. The buffer must not change afterwards. */
  send(packet: Uint8Array): void {
    if (!this.#dtls.closed) this.#socket.send(packet);
  }

  /** Idempotent. Sends nothing to the server: it learns of the end from its WebSocket. */
  close(): void {
    if (this.#dtls.closed) return;
    this.#dtls.closed = true;
    clearInterval(this.#keepAlive);
    this.#socket.close();
  }
}

/** Checks one candidate pair and keeps it alive (RFC 7675 asks for consent in the same way). */
class IceAgent {
  #options: IceCredentials;
  readonly #send: (message: Buffer) => void;
  readonly #tieBreaker = randomBytes(8).readBigUInt64BE();
  #retry: NodeJS.Timeout | undefined;
  #onConnected: (() => void) | undefined;

  constructor(options: IceCredentials, send: (message: Buffer) => void) {
    this.#options = options;
    this.#send = send;
  }

  restart(credentials: IceCredentials): void {
    this.#options = credentials;
  }

  connect(): Promise<void> {
    return new Promise((resolve) => {
      this.#onConnected = resolve;
      this.#retry = setInterval(() => this.check(), CHECK_INTERVAL_MS);
      this.check();
    });
  }

  check(): void {
    const { answer, iceUfrag } = this.#options;
    const request = writeBindingRequest({
      transactionId: randomBytes(12),
      username: `${answer.iceUfrag}:${iceUfrag}`,
      key: answer.icePwd,
      priority: PEER_REFLEXIVE_PRIORITY,
      tieBreaker: this.#tieBreaker,
      useCandidate: true,
    });
    this.#send(request);
  }

  receive(datagram: Buffer): void {
    const message = parseStun(datagram);
    if (message?.class === 'request') this.#answer(datagram, message);
    if (this.#onConnected === undefined || message?.class !== 'success') return;
    if (!verifyStunIntegrity(datagram, message, this.#options.answer.icePwd)) return;
    this.stop();
    this.#onConnected();
    this.#onConnected = undefined;
  }

  /** A server that is not ICE-lite also sends checks. */
  #answer(datagram: Buffer, message: StunMessage): void {
    const { answer, icePwd } = this.#options;
    if (verifyStunIntegrity(datagram, message, icePwd)) {
      this.#send(writeBindingSuccess(message.transactionId, answer, icePwd));
    }
  }

  /** Stops the retries. `check` still works. */
  stop(): void {
    clearInterval(this.#retry);
  }
}

async function handshake(transport: DtlsTransport, certificate: Certificate, answer: Answer): Promise<SrtpKeys> {
  const dtls = new DtlsClient({
    transport,
    cert: certificate.pem,
    key: certificate.privateKey,
    signatureHash: certificate.signatureHash,
    srtpProfiles: [USE_SRTP_PROFILES.AEAD_AES_128_GCM.id, USE_SRTP_PROFILES.AES128_CM_HMAC_SHA1_80.id],
    extendedMasterSecret: true,
    certificateRequest: true,
  });
  await new Promise<void>((resolve, reject) => {
    dtls.onConnect.once(() => resolve());
    dtls.onError.once(reject);
    dtls.connect().catch(reject);
  });
  const digest = createHash('sha256')
    .update(dtls.remoteCertificate ?? '')
    .digest('hex')
    .toUpperCase();
  if (digest !== answer.fingerprint.replaceAll(':', ''))
    throw new Error('the certificate does not match the fingerprint in the answer');
  const profile = Object.entries(USE_SRTP_PROFILES).find(([, { id }]) => id === dtls.srtp.srtpProfile);
  if (profile === undefined) throw new Error('no SRTP profile was negotiated');
  const [name, { keyLength, saltLength }] = profile;
  const keys = dtls.extractSessionKeys(keyLength, saltLength);
  return {
    profile: name as UseSrtpProfile,
    local: { key: keys.localKey, salt: keys.localSalt },
    remote: { key: keys.remoteKey, salt: keys.remoteSalt },
  };
}

async function withTimeout<T>(work: Promise<T>, message: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(message)), CONNECT_TIMEOUT_MS);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
