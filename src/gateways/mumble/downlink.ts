/**
 * Voice on its way to one Mumble client: through the tunnel, or by UDP while that is known to arrive. Mumble's own
 * server sends by UDP as soon as it knows the address, so that whoever only listens behind half a firewall hears nothing.
 */
import type { Clock, Millis } from '../../lib/clock.ts';
import type { MumbleConnection } from './connection.ts';
import type { VoiceFigures } from './figures.ts';
import { isSilence, Talker } from './shared/talker.ts';
import type { CryptState } from './wire/crypt-state.ts';
import type { VoiceFormat } from './wire/version.ts';
import { MAX_PACKET_BYTES, type MumbleVoice, NORMAL_TARGET, writeVoicePacket } from './wire/voice-packet.ts';

/** What the client's ping says of our UDP packets. */
export interface PingReport {
  /** Decrypted so far. */
  readonly good: number;
  /** Mumble for iOS always says 0, whatever it receives. */
  readonly saysNothing: boolean;
}

/** What was left out of what the client has said in one room. */
export type UplinkCounts = Pick<VoiceFigures, 'overLimit' | 'malformed'>;

const NOTHING: UplinkCounts = { overLimit: 0, malformed: 0 };
/** So many packets without any that arrived, and UDP does not work. */
const MAX_UNHEARD = 20;
/** After that without a packet that can be decrypted, the client is asked where its counter is; at most as often. */
const RESYNC_MS: Millis = 5000;

const packet = new Uint8Array(MAX_PACKET_BYTES);

export class Downlink {
  readonly crypt: CryptState;
  readonly #connection: Pick<MumbleConnection, 'sendVoice' | 'send'>;
  readonly #session: number;
  readonly #clock: Clock;
  readonly #mix: Talker;
  #path: ((text: Uint8Array) => void) | null = null;
  #isByUdp = false;
  #saysNothing = true;
  #peerGood = 0;
  #sentAtPing = 0;
  #goodMs: Millis;
  #askedMs: Millis;
  #byUdp = 0;
  #tunnelled = 0;
  #dropped = 0;
  #heardByUdp = 0;
  #heardByTunnel = 0;
  #overLimit = 0;
  #malformed = 0;

  /** @param session of the client's own user */
  constructor(
    connection: Pick<MumbleConnection, 'sendVoice' | 'send'>,
    crypt: CryptState,
    session: number,
    clock: Clock,
  ) {
    this.#connection = connection;
    this.crypt = crypt;
    this.#session = session;
    this.#clock = clock;
    this.#mix = new Talker(session, false);
    this.#goodMs = clock.now();
    this.#askedMs = this.#goodMs;
  }

  /** @param uplink of the room in which the client is */
  figures(uplink: UplinkCounts = NOTHING): VoiceFigures {
    const { late, lost, resyncs } = this.crypt.counts;
    return {
      overLimit: this.#overLimit + uplink.overLimit,
      malformed: this.#malformed + uplink.malformed,
      outByUdp: this.#byUdp,
      outByTunnel: this.#tunnelled,
      outDropped: this.#dropped,
      inByUdp: this.#heardByUdp,
      inByTunnel: this.#heardByTunnel,
      late,
      lost,
      resyncs,
    };
  }

  /** The client can be reached by UDP; null: no longer. */
  setPath(send: ((text: Uint8Array) => void) | null): void {
    this.#path = send;
  }

  /** The client has left the room where this was counted. */
  left({ overLimit, malformed }: UplinkCounts = NOTHING): void {
    this.#overLimit += overLimit;
    this.#malformed += malformed;
  }

  /** The client has sent what is no voice packet. */
  heardMalformed(): void {
    this.#malformed++;
  }

  /** Sends one packet, in the client's format. */
  send(voice: Uint8Array): void {
    if (this.#isByUdp && this.#path !== null) {
      this.#path(voice);
      this.#byUdp++;
    } else if (this.#connection.sendVoice(voice)) this.#tunnelled++;
    else this.#dropped++;
  }

  /** Sends a ping back by UDP. */
  returnPing(text: Uint8Array): void {
    this.#path?.(text);
  }

  pinged({ good, saysNothing }: PingReport): void {
    if (good > this.#peerGood) this.#isByUdp = true;
    else if (!saysNothing && this.#byUdp - this.#sentAtPing > MAX_UNHEARD) this.#isByUdp = false;
    this.#saysNothing = saysNothing;
    this.#peerGood = good;
    this.#sentAtPing = this.#byUdp;
  }

  /** The client sends voice through the tunnel. */
  heardTunnel(): void {
    this.#heardByTunnel++;
    this.#isByUdp = false;
  }

  /** Something that the client sent by UDP was decrypted. */
  heardUdp(isVoice: boolean): void {
    this.#goodMs = this.#clock.now();
    if (isVoice) this.#heardByUdp++;
    if (isVoice && this.#saysNothing) this.#isByUdp = true;
  }

  /** What came from the client's address could not be decrypted. */
  undecryptable(): void {
    const nowMs = this.#clock.now();
    if (nowMs - this.#goodMs < RESYNC_MS || nowMs - this.#askedMs < RESYNC_MS) return;
    this.#askedMs = nowMs;
    this.#connection.send('cryptSetup', {});
  }

  /** Sends the client what it said itself. */
  echo(voice: Readonly<MumbleVoice>, format: VoiceFormat): void {
    this.#write({ ...voice, target: NORMAL_TARGET, session: this.#session }, format);
  }

  /** One packet of the room's mix, for a client that hears that as if one person said it. */
  mix(payload: Uint8Array, timestamp: number, session: number, format: VoiceFormat): void {
    const place = { seatId: 0, stream: 0, arrivalMs: 0, levelDbov: null };
    const voice = isSilence(payload)
      ? this.#mix.finish()
      : this.#mix.take({ ...place, timestamp, payload }, true, this.#clock.now());
    if (voice !== null) this.#write({ ...voice, session }, format);
  }

  #write(voice: Readonly<MumbleVoice>, format: VoiceFormat): void {
    this.send(packet.subarray(0, writeVoicePacket(format, packet, voice, true)));
  }
}
