/** Voice on its way to one Mumble client: through the tunnel, or by UDP while that is known to arrive. */
import type { MumbleConnection } from './connection.ts';
import { isSilence, Talker } from './talker.ts';
import type { CryptState } from './wire/crypt-state.ts';
import type { VoiceFormat } from './wire/version.ts';
import { MAX_PACKET_BYTES, type MumbleVoice, NORMAL_TARGET, writeVoicePacket } from './wire/voice-packet.ts';

const packet = new Uint8Array(MAX_PACKET_BYTES);

export class Downlink {
  readonly crypt: CryptState;
  readonly #connection: Pick<MumbleConnection, 'sendVoice'>;
  readonly #session: number;
  readonly #mix: Talker;
  #tunnelled = 0;
  #dropped = 0;

  /** @param session of the client's own user */
  constructor(connection: Pick<MumbleConnection, 'sendVoice'>, crypt: CryptState, session: number) {
    this.#connection = connection;
    this.crypt = crypt;
    this.#session = session;
    this.#mix = new Talker(session, false);
  }

  /** Packets that went through the tunnel, and those that were left out because it was full. */
  get counts(): { readonly tunnelled: number; readonly dropped: number } {
    return { tunnelled: this.#tunnelled, dropped: this.#dropped };
  }

  /** Sends one packet, in the client's format. */
  send(voice: Uint8Array): void {
    if (this.#connection.sendVoice(voice)) this.#tunnelled++;
    else this.#dropped++;
  }

  /** The client's ping says how many of our packets it has decrypted. */
  pinged(_good: number): void {}

  /** The client sends voice through the tunnel. */
  heardTunnel(): void {}

  /** Sends the client what it said itself. */
  echo(voice: Readonly<MumbleVoice>, format: VoiceFormat): void {
    this.#write({ ...voice, target: NORMAL_TARGET, session: this.#session }, format);
  }

  /** One packet of the room's mix, for a client that hears that as if one person said it. */
  mix(payload: Uint8Array, timestamp: number, session: number, format: VoiceFormat): void {
    const silent = isSilence(payload);
    const place = { seatId: 0, stream: 0, arrivalMs: 0, levelDbov: null };
    const voice = silent ? this.#mix.finish() : this.#mix.take({ ...place, timestamp, payload }, true, 0);
    if (voice !== null) this.#write({ ...voice, session }, format);
  }

  #write(voice: Readonly<MumbleVoice>, format: VoiceFormat): void {
    this.send(packet.subarray(0, writeVoicePacket(format, packet, voice, true)));
  }
}
