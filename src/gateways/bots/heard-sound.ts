/** What a bot hears: frames of the mix or of each speaker, with the numbers and names of speakers. */
import { isDtx, packetSamples } from '../../formats/opus-packet.ts';
import type { Cancel, Clock, Millis } from '../../lib/clock.ts';
import { distance32 } from '../../lib/serial.ts';
import type { RoomTapSink, TappedVoice } from '../../media/plane.ts';
import type { BotAnswer } from '../../protocol/bot-answers.ts';
import type { Participant } from '../../rooms/participant.ts';
import type { Room } from '../../rooms/room.ts';
import type { TapSlot } from '../../rooms/room-taps.ts';
import { bytesOf, type FrameKind, writeFrame } from '../sound-frame.ts';
import type { FrameCodec, FrameDecoder } from './codec.ts';
import { SpeakerOrder } from './speaker-order.ts';

const SAMPLES_PER_MS = 48;
const RELEASE_EVERY_MS: Millis = 100;
/** Numbers have 16 bits, of which 0 is the mix. */
const MAX_SPEAKERS = 65_535;
const MAX_SEATS = 1000;
/** The number of the mix. */
const MIX = 0;

export interface HeardSoundOptions {
  readonly what: 'mix' | 'speakers' | null;
  readonly kind: FrameKind;
  readonly codec: FrameCodec;
  readonly clock: Clock;
  readonly tell: (answer: BotAnswer) => void;
  readonly send: (frame: Buffer) => void;
}

interface Speaker {
  readonly number: number;
  readonly order: SpeakerOrder;
  decoder: FrameDecoder | undefined;
  sequence: number;
  /** The time after the last frame. */
  nextTime: number;
}

export class HeardSound {
  readonly #options: HeardSoundOptions;
  /** By participant id. */
  readonly #speakers = new Map<string, Speaker>();
  #speaking: ReadonlySet<string> = new Set();
  /** Who sits there, as last seen. */
  readonly #seats = new Map<number, Participant>();
  readonly #mix = createSpeaker(MIX);
  #room: Room | undefined;
  #own: string | undefined;
  #tap: TapSlot | undefined;
  #untell: (() => void) | undefined;
  #cancelRelease: Cancel | undefined;

  constructor(options: HeardSoundOptions) {
    this.#options = options;
  }

  /** From now on the bot hears this room, in which everybody is told so first. @param own the id of the bot */
  enter(room: Room, own: string): void {
    this.leave();
    this.#room = room;
    this.#own = own;
    const { what } = this.#options;
    if (what === null) return;
    this.#untell = room.recording.shownTo(what === 'mix' ? 'mix' : 'participants');
    if (what !== 'speakers') return;
    this.#tap = room.taps.slot();
    this.#tap.setTap({ request: { voices: true, mix: false }, sink: this.#sink });
  }

  leave(): void {
    this.#cancelRelease?.();
    this.#cancelRelease = undefined;
    this.#tap?.setTap(null);
    this.#tap = undefined;
    this.#untell?.();
    this.#untell = undefined;
    this.#room = undefined;
    this.#speakers.clear();
    this.#seats.clear();
    this.#speaking = new Set();
  }

  /** A packet of the mix. @param timestamp 32 bits, of the room's time */
  mix(payload: Uint8Array, timestamp: number, marker: boolean): void {
    const now = Math.floor(this.#options.clock.now() * SAMPLES_PER_MS);
    this.#give(this.#mix, payload, now + distance32(timestamp, now >>> 0), marker);
  }

  /** Who speaks now, by participant id. */
  speaking(ids: Iterable<string>): void {
    if (this.#options.what === null) return;
    const now = new Set(ids);
    now.delete(this.#own ?? '');
    const time = Math.floor(this.#options.clock.now() * SAMPLES_PER_MS);
    for (const id of this.#speaking) if (!now.has(id)) this.#tellSpeaking(id, false, time);
    for (const id of now) if (!this.#speaking.has(id)) this.#tellSpeaking(id, true, time);
    this.#speaking = now;
  }

  readonly #sink: RoomTapSink = { voice: (packet) => this.#voice(packet), mix: () => {} };

  #voice(packet: TappedVoice): void {
    const participant = this.#participantOf(packet.seatId);
    if (participant === undefined || participant.id === this.#own) return;
    this.#speaker(participant).order.add(packet);
    const { clock } = this.#options;
    this.#cancelRelease ??= clock.setTimer(clock.now() + RELEASE_EVERY_MS, () => this.#release());
  }

  #release(): void {
    const { clock } = this.#options;
    this.#cancelRelease = undefined;
    let isEmpty = true;
    for (const [id, speaker] of this.#speakers) {
      speaker.order.release(clock.now(), ({ payload, time }) =>
        this.#give(speaker, payload, time, time > speaker.nextTime),
      );
      if (!speaker.order.isEmpty) isEmpty = false;
      // Their last packets come after they have stopped, or left.
      else if (!this.#speaking.has(id)) speaker.decoder = undefined;
    }
    if (!isEmpty) this.#cancelRelease = clock.setTimer(clock.now() + RELEASE_EVERY_MS, () => this.#release());
  }

  #give(speaker: Speaker, payload: Uint8Array, time: number, starts: boolean): void {
    const { kind, send } = this.#options;
    // Silence is where no frames are.
    if (isDtx(payload) || packetSamples(payload) === 0) return;
    speaker.nextTime = time + packetSamples(payload);
    const sequence = speaker.sequence++;
    const header = { kind, starts, speaker: speaker.number, sequence };
    if (kind === 'opus') {
      send(writeFrame({ ...header, time }, payload));
      return;
    }
    speaker.decoder ??= this.#options.codec.createDecoder();
    const samples = speaker.decoder.decode(payload);
    if (samples === undefined) return;
    send(writeFrame({ ...header, time }, bytesOf(samples)));
  }

  #participantOf(seatId: number): Participant | undefined {
    const known = this.#seats.get(seatId);
    if (known?.seat?.id === seatId) return known;
    for (const participant of this.#room?.all ?? []) {
      if (participant.seat?.id !== seatId) continue;
      if (this.#seats.size >= MAX_SEATS) this.#seats.clear();
      this.#seats.set(seatId, participant);
      return participant;
    }
    return undefined;
  }

  #speaker({ id, name, admission: { identity } }: Participant): Speaker {
    const known = this.#speakers.get(id);
    if (known !== undefined) return known;
    if (this.#speakers.size >= MAX_SPEAKERS) this.#speakers.clear();
    const speaker = createSpeaker(this.#speakers.size + 1);
    this.#speakers.set(id, speaker);
    this.#options.tell({ type: 'speaker', speaker: speaker.number, participantId: id, identity, name });
    return speaker;
  }

  #tellSpeaking(id: string, speaking: boolean, time: number): void {
    const known = this.#speakers.get(id);
    const participant = known === undefined ? this.#find(id) : undefined;
    const speaker = known ?? (participant && this.#speaker(participant));
    if (speaker === undefined) return;
    // Each takes memory, and a fresh one fades in.
    if (!speaking) speaker.decoder = undefined;
    this.#options.tell({ type: 'speaking', speaker: speaker.number, speaking, time });
  }

  #find(id: string): Participant | undefined {
    for (const participant of this.#room?.all ?? []) if (participant.id === id) return participant;
    return undefined;
  }
}

function createSpeaker(number: number): Speaker {
  return { number, order: new SpeakerOrder(), decoder: undefined, sequence: 0, nextTime: 0 };
}
