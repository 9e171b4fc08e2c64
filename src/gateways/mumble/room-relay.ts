/**
 * Passes on what is said in one room to the Mumble clients in it, packet by packet as it was sent. It is shown what the
 * room's tap is shown: never what is muted, whispered, or said to channels only. Whispers of Mumble clients to others
 * are brought by their sessions.
 */
import type { Clock, Millis } from '../../lib/clock.ts';
import { ROOM_CHANNEL } from '../../media/plane.ts';
import type { MemberSound } from '../../rooms/member-sound.ts';
import type { Participant } from '../../rooms/participant.ts';
import type { Room } from '../../rooms/room.ts';
import { Bridge } from './shared/bridge.ts';
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
  /** Of the user who says what is played. */
  readonly soundsSession: number;
  /** Something is played that was not before, or no longer. */
  readonly soundsChanged: () => void;
  readonly clock: Clock;
}

/** A player that has ended is often followed by the next. */
const SOUNDS_HOLD_MS: Millis = 10_000;

export class RoomRelay {
  readonly #voices: RoomVoices;
  readonly #listeners = new Set<RelayListener>();
  readonly #packets = { old: new Uint8Array(MAX_PACKET_BYTES), protobuf: new Uint8Array(MAX_PACKET_BYTES) };

  readonly #options: RoomRelayOptions;
  #sounds: Bridge | undefined;
  /** What is played has not been heard for so long that it is over. */
  #soundsUntilMs: Millis = Number.NEGATIVE_INFINITY;

  constructor(options: RoomRelayOptions) {
    const { room, sessionOf, clock } = options;
    this.#options = options;
    this.#voices = new RoomVoices({
      room,
      sessionOf: ({ id }) => sessionOf(id),
      voice: (participant, voice) => this.#send(participant, voice),
      seatSeen: (participant) => this.#seatSeen(participant),
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

  /** Something is played in the room, which its listeners hear as one more user. */
  get hasSounds(): boolean {
    return this.#sounds !== undefined;
  }

  /** Call when something has happened in the room, and about once a second. */
  look(): void {
    const { room, clock } = this.#options;
    if (room.sound.isShoutedAt) this.#soundsUntilMs = clock.now() + SOUNDS_HOLD_MS;
    this.#setSounds();
  }

  close(): void {
    this.#sounds?.close();
    this.#sounds = undefined;
    this.#listeners.clear();
    this.#voices.close();
  }

  /** What is played comes from seats that are nobody's. Whoever is new is passed on, and so is not heard twice. */
  #seatSeen(participant: Participant | undefined): void {
    const isPlayed = participant === undefined;
    if (isPlayed) this.#soundsUntilMs = this.#options.clock.now() + SOUNDS_HOLD_MS;
    if (isPlayed !== this.hasSounds) this.#setSounds();
  }

  /** In a space everybody hears the mix, which has it all. */
  #setSounds(): void {
    const { room, clock, soundsSession, soundsChanged } = this.#options;
    const isWanted = clock.now() < this.#soundsUntilMs && room.space.view === null && !this.isIdle;
    const wasThere = this.hasSounds;
    if (isWanted) {
      const without: number[] = [];
      for (const { seat } of room.all) if (seat !== undefined) without.push(seat.id);
      this.#sounds ??= new Bridge({ room, session: soundsSession, clock, say: (voice) => this.#send(null, voice) });
      this.#sounds.set(without, true);
    } else {
      this.#sounds?.close();
      this.#sounds = undefined;
    }
    if (wasThere !== this.hasSounds) soundsChanged();
  }

  /**
   * Passes on what one of the listeners whispers, to those to whom the room lets them whisper. What they say to the whole
   * room at the same time is passed on like everything else there.
   */
  whisper(talker: Participant, voice: MumbleVoice): void {
    const { plan } = talker.sound;
    if (plan === undefined || plan.whispersTo.length === 0 || talker.memberState.muted) return;
    if (plan.speaksInto.includes(ROOM_CHANNEL)) return;
    this.#send(talker, voice, plan.whispersTo);
  }

  /**
   * @param talker null: nobody, but something that is played
   * @param to only to these seats; by default to all who hear the room
   */
  #send(talker: Participant | null, voice: MumbleVoice, to?: readonly number[]): void {
    let old: Uint8Array | undefined;
    let protobuf: Uint8Array | undefined;
    const seatId = talker?.seat?.id ?? 0;
    for (const listener of this.#listeners) {
      const { format, participant } = listener;
      if (listener.isDeaf || participant === null || participant === talker) continue;
      const isMeant = to === undefined ? hearsRoom(participant.sound) : to.includes(participant.seat?.id ?? 0);
      if (!isMeant || (talker !== null && isSilenced(participant.sound, talker.id, seatId))) continue;
      if (format === 'old') old ??= this.#write(format, voice);
      else protobuf ??= this.#write(format, voice);
      listener.sendVoice((format === 'old' ? old : protobuf)!);
    }
  }

  #write(format: VoiceFormat, voice: MumbleVoice): Uint8Array {
    const into = this.#packets[format];
    return into.subarray(0, writeVoicePacket(format, into, voice, true));
  }
}

function hearsRoom({ plan }: MemberSound): boolean {
  return plan === undefined || plan.hears.includes(ROOM_CHANNEL);
}

/** Whether somebody hears nothing of another one, because they or moderators want that. */
function isSilenced({ hearing, silenced }: MemberSound, talkerId: string, seatId: number): boolean {
  if (silenced.size > 0 && silenced.has(talkerId)) return true;
  return hearing.length > 0 && hearing.some((heard) => heard.gain === 0 && heard.seatId === seatId);
}
