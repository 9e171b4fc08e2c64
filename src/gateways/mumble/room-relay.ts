/**
 * Passes on what is said in one room to the Mumble clients in it, packet by packet as it was sent. It is shown what the
 * room's tap is shown: never what is muted, whispered, or said to channels only.
 */
import type { Clock } from '../../lib/clock.ts';
import { ROOM_CHANNEL } from '../../media/plane.ts';
import type { MemberSound } from '../../rooms/member-sound.ts';
import type { Participant } from '../../rooms/participant.ts';
import type { Room } from '../../rooms/room.ts';
import { RoomVoices } from './shared/room-voices.ts';
import type { VoiceFormat } from './wire/version.ts';
import { MAX_PACKET_BYTES, type MumbleVoice, writeVoicePacket } from './wire/voice-packet.ts';

/** A Mumble client in the room. */
export interface RelayListener {
  /** Null while they are in no room. */
  readonly participant: Participant | null;
  readonly format: VoiceFormat;
  /** Its user wants to hear nothing. */
  readonly isDeaf: boolean;
  /** A view that is valid during the call. */
  sendVoice(packet: Uint8Array): void;
}

export interface RoomRelayOptions {
  readonly room: Room;
  /** The session number of a participant; undefined if Mumble clients do not know them. */
  readonly sessionOf: (participantId: string) => number | undefined;
  readonly clock: Clock;
}

export class RoomRelay {
  readonly #voices: RoomVoices;
  readonly #listeners = new Set<RelayListener>();
  readonly #packets = { old: new Uint8Array(MAX_PACKET_BYTES), protobuf: new Uint8Array(MAX_PACKET_BYTES) };

  constructor({ room, sessionOf, clock }: RoomRelayOptions) {
    this.#voices = new RoomVoices({
      room,
      sessionOf: ({ id }) => sessionOf(id),
      voice: (participant, voice) => this.#send(participant, voice),
      clock,
    });
  }

  get isIdle(): boolean {
    return this.#listeners.size === 0;
  }

  add(listener: RelayListener): void {
    this.#listeners.add(listener);
  }

  delete(listener: RelayListener): void {
    this.#listeners.delete(listener);
  }

  close(): void {
    this.#listeners.clear();
    this.#voices.close();
  }

  #send(talker: Participant, voice: MumbleVoice): void {
    const written = { old: 0, protobuf: 0 };
    const seatId = talker.seat?.id ?? 0;
    for (const listener of this.#listeners) {
      const { format, participant } = listener;
      if (listener.isDeaf || participant === null || participant === talker) continue;
      if (!hears(participant.sound, talker.id, seatId)) continue;
      if (written[format] === 0) written[format] = writeVoicePacket(format, this.#packets[format], voice, true);
      listener.sendVoice(this.#packets[format].subarray(0, written[format]));
    }
  }
}

/** Whether somebody hears what another one says to everybody in the room. */
function hears({ state: { plan, hearing }, silenced }: MemberSound, talkerId: string, seatId: number): boolean {
  if (plan !== undefined && !plan.hears.includes(ROOM_CHANNEL)) return false;
  if (silenced.size > 0 && silenced.has(talkerId)) return false;
  return hearing.length === 0 || !hearing.some((heard) => heard.gain === 0 && heard.seatId === seatId);
}
