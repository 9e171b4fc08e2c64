/**
 * Whose the packets are that a room's tap shows, as Mumble has them: with frame numbers, and an end of each talkspurt.
 * The tap never shows what is muted, whispered, or said to channels only.
 */
import type { Cancel, Clock, Millis } from '../../../lib/clock.ts';
import type { TappedVoice } from '../../../media/plane.ts';
import type { Participant } from '../../../rooms/participant.ts';
import type { Room } from '../../../rooms/room.ts';
import type { MumbleVoice } from '../wire/voice-packet.ts';
import { Talker } from './talker.ts';

export interface RoomVoicesOptions {
  readonly room: Room;
  /** The session number of a participant; undefined if their voice is not passed on. */
  readonly sessionOf: (participant: Participant) => number | undefined;
  /** One packet of a participant; `voice` is reused for the next. */
  readonly voice: (participant: Participant, voice: MumbleVoice) => void;
  /** A seat was found whose packets have not been seen before; undefined, with each packet: one that is nobody's. */
  readonly seatSeen?: (participant: Participant | undefined) => void;
  readonly clock: Clock;
}

/** How often ends of talkspurts are looked for. */
const LOOK_MS: Millis = 100;
/** How long a seat that belongs to nobody is not looked up again. */
const UNKNOWN_MS: Millis = 1000;

interface Unknown {
  /** Until then it is not looked up again. */
  readonly untilMs: Millis;
  /** It belongs to no participant: something that is played. */
  readonly isNobody: boolean;
}

interface Voice {
  readonly participant: Participant;
  readonly talker: Talker;
}

export class RoomVoices {
  readonly #options: RoomVoicesOptions;
  readonly #tap: ReturnType<Room['taps']['slot']>;
  /** By seat. */
  readonly #voices = new Map<number, Voice>();
  /** Seats that are not passed on, the first to be looked up again first. */
  readonly #unknown = new Map<number, Unknown>();
  #cancelLook: Cancel | null = null;

  constructor(options: RoomVoicesOptions) {
    this.#options = options;
    this.#tap = options.room.taps.slot();
    this.#tap.setTap({
      request: { voices: true, mix: false, live: true },
      sink: { voice: (packet) => this.#pass(packet), mix: () => {} },
    });
  }

  close(): void {
    this.#cancelLook?.();
    this.#voices.clear();
    this.#tap.setTap(null);
  }

  #pass(packet: TappedVoice): void {
    const { room, clock, voice } = this.#options;
    // In a space everybody is heard from somewhere, which only the mix can do.
    if (room.space.view !== null) return;
    const nowMs = clock.now();
    const known = this.#voiceOf(packet.seatId, nowMs);
    if (known === undefined) return;
    const speaks = room.levelDbovOf(known.participant.id) !== null;
    const passed = known.talker.take(packet, speaks, nowMs);
    if (passed === null) return;
    voice(known.participant, passed);
    this.#look(nowMs);
  }

  #voiceOf(seatId: number, nowMs: Millis): Voice | undefined {
    const known = this.#voices.get(seatId);
    if (known?.participant.seat?.id === seatId) return known;
    if (known !== undefined) this.#leave(seatId, nowMs);
    const unknown = this.#unknown.get(seatId);
    if (unknown !== undefined && nowMs < unknown.untilMs) {
      if (unknown.isNobody) this.#options.seatSeen?.(undefined);
      return undefined;
    }
    const participant = this.#holderOf(seatId);
    this.#options.seatSeen?.(participant);
    const session = participant === undefined ? undefined : this.#options.sessionOf(participant);
    if (participant !== undefined && session !== undefined) {
      const { via } = participant.view;
      const isGated = (via === undefined || via === 'websocket') && participant.owner === undefined;
      const voice = { participant, talker: new Talker(session, isGated) };
      this.#forgetGone(nowMs);
      this.#voices.set(seatId, voice);
      return voice;
    }
    this.#ignore(seatId, participant === undefined, nowMs);
    return undefined;
  }

  #ignore(seatId: number, isNobody: boolean, nowMs: Millis): void {
    this.#forgetUnknown(nowMs);
    this.#unknown.delete(seatId);
    this.#unknown.set(seatId, { untilMs: nowMs + UNKNOWN_MS, isNobody });
  }

  /** Whoever had this seat has left it. What was on its way is nothing that is played. */
  #leave(seatId: number, nowMs: Millis): void {
    this.#voices.delete(seatId);
    this.#ignore(seatId, false, nowMs);
  }

  #holderOf(seatId: number): Participant | undefined {
    for (const participant of this.#options.room.all) if (participant.seat?.id === seatId) return participant;
    return undefined;
  }

  #forgetUnknown(nowMs: Millis): void {
    for (const [seatId, { untilMs }] of this.#unknown) {
      if (untilMs > nowMs) return;
      this.#unknown.delete(seatId);
    }
  }

  #forgetGone(nowMs: Millis): void {
    for (const [seatId, { participant }] of this.#voices)
      if (participant.seat?.id !== seatId) this.#leave(seatId, nowMs);
  }

  /** Sends the ends of talkspurts while anybody talks. */
  #look(nowMs: Millis): void {
    this.#cancelLook ??= this.#options.clock.setTimer(nowMs + LOOK_MS, () => {
      this.#cancelLook = null;
      const lookMs = this.#options.clock.now();
      let isAnyTalking = false;
      for (const { participant, talker } of this.#voices.values()) {
        const end = talker.end(lookMs);
        if (end !== null) this.#options.voice(participant, end);
        isAnyTalking ||= talker.isTalking;
      }
      if (isAnyTalking) this.#look(lookMs);
    });
  }
}
