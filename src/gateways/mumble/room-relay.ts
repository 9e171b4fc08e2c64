/**
 * Passes on what is said in one room to the Mumble clients in it, packet by packet as it was sent. It is shown what the
 * room's tap is shown: never what is muted, whispered, or said to channels only.
 */
import type { Cancel, Clock, Millis } from '../../lib/clock.ts';
import { ROOM_CHANNEL, type TappedVoice } from '../../media/plane.ts';
import type { MemberSound } from '../../rooms/member-sound.ts';
import type { Participant } from '../../rooms/participant.ts';
import type { Room } from '../../rooms/room.ts';
import { Talker } from './shared/talker.ts';
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

/** How often ends of talkspurts are looked for. */
const LOOK_MS: Millis = 100;
/** How long a seat that belongs to nobody is not looked up again. */
const UNKNOWN_MS: Millis = 1000;

interface Voice {
  readonly participant: Participant;
  readonly talker: Talker;
}

export class RoomRelay {
  readonly #options: RoomRelayOptions;
  readonly #tap: ReturnType<Room['taps']['slot']>;
  readonly #listeners = new Set<RelayListener>();
  /** By seat; null with a time: nobody's. */
  readonly #voices = new Map<number, Voice>();
  readonly #unknown = new Map<number, Millis>();
  readonly #packets = { old: new Uint8Array(MAX_PACKET_BYTES), protobuf: new Uint8Array(MAX_PACKET_BYTES) };
  #cancelLook: Cancel | null = null;

  constructor(options: RoomRelayOptions) {
    this.#options = options;
    this.#tap = options.room.taps.slot();
    this.#tap.setTap({
      request: { voices: true, mix: false, live: true },
      sink: { voice: (packet) => this.#pass(packet), mix: () => {} },
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
    this.#cancelLook?.();
    this.#listeners.clear();
    this.#voices.clear();
    this.#tap.setTap(null);
  }

  #pass(packet: TappedVoice): void {
    const { room, clock } = this.#options;
    // In a space everybody is heard from somewhere, which only the mix can do.
    if (room.space.view !== null) return;
    const nowMs = clock.now();
    const voice = this.#voiceOf(packet.seatId, nowMs);
    if (voice === undefined) return;
    const speaks = room.levelDbovOf(voice.participant.id) !== null;
    const passed = voice.talker.take(packet, speaks, nowMs);
    if (passed === null) return;
    this.#send(voice.participant, passed);
    this.#look(nowMs);
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

  #voiceOf(seatId: number, nowMs: Millis): Voice | undefined {
    const known = this.#voices.get(seatId);
    if (known?.participant.seat?.id === seatId) return known;
    this.#voices.delete(seatId);
    if (nowMs < (this.#unknown.get(seatId) ?? 0)) return undefined;
    for (const participant of this.#options.room.all) {
      if (participant.seat?.id !== seatId) continue;
      const session = this.#options.sessionOf(participant.id);
      if (session === undefined) break;
      const { via } = participant.view;
      const isGated = (via === undefined || via === 'websocket') && participant.owner === undefined;
      const voice = { participant, talker: new Talker(session, isGated) };
      this.#forgetGone();
      this.#voices.set(seatId, voice);
      return voice;
    }
    this.#unknown.set(seatId, nowMs + UNKNOWN_MS);
    return undefined;
  }

  #forgetGone(): void {
    this.#unknown.clear();
    for (const [seatId, { participant }] of this.#voices)
      if (participant.seat?.id !== seatId) this.#voices.delete(seatId);
  }

  /** Sends the ends of talkspurts while anybody talks. */
  #look(nowMs: Millis): void {
    this.#cancelLook ??= this.#options.clock.setTimer(nowMs + LOOK_MS, () => {
      this.#cancelLook = null;
      const lookMs = this.#options.clock.now();
      let isAnyTalking = false;
      for (const { participant, talker } of this.#voices.values()) {
        const end = talker.end(lookMs);
        if (end !== null) this.#send(participant, end);
        isAnyTalking ||= talker.isTalking;
      }
      if (isAnyTalking) this.#look(lookMs);
    });
  }
}

/** Whether somebody hears what another one says to everybody in the room. */
function hears({ state: { plan, hearing }, silenced }: MemberSound, talkerId: string, seatId: number): boolean {
  if (plan !== undefined && !plan.hears.includes(ROOM_CHANNEL)) return false;
  if (silenced.size > 0 && silenced.has(talkerId)) return false;
  return hearing.length === 0 || !hearing.some((heard) => heard.gain === 0 && heard.seatId === seatId);
}
