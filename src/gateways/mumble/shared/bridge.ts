/**
 * The sound of a room that Mumble users do not get as voices of their own, as one mix: what players, routes and linked
 * rooms bring, and on another server whoever has no client there.
 */
import type { Clock } from '../../../lib/clock.ts';
import { AppError } from '../../../lib/errors.ts';
import { type MemberState, type RelayedSeat, ROOM_CHANNEL } from '../../../media/plane.ts';
import type { Room } from '../../../rooms/room.ts';
import type { MumbleVoice } from '../wire/voice-packet.ts';
import { isSilence, Talker } from './talker.ts';

export interface BridgeOptions {
  readonly room: Room;
  /** Of the user who says it. */
  readonly session: number;
  /** One packet of the mix; the object is reused for the next. */
  readonly say: (voice: MumbleVoice) => void;
  readonly clock: Clock;
}

const PLACE = { seatId: 0, stream: 0, arrivalMs: 0, levelDbov: null };

export class Bridge {
  readonly #options: BridgeOptions;
  readonly #talker: Talker;
  #seat: RelayedSeat | undefined;
  #without: readonly number[] = [];
  #shouts: number | undefined;
  #isOpen = true;
  #isClosed = false;

  constructor(options: BridgeOptions) {
    this.#options = options;
    this.#talker = new Talker(options.session, false);
  }

  /**
   * Says everything but these seats; with `isOpen` false, nothing. Call it before any of them is heard, and about once a
   * second.
   */
  set(without: readonly number[], isOpen: boolean): void {
    if (this.#isClosed) return;
    const shouts = this.#options.room.sound.shoutChannel;
    const isSame = isOpen === this.#isOpen && isSameList(without, this.#without) && shouts === this.#shouts;
    this.#without = without;
    this.#shouts = shouts;
    this.#isOpen = isOpen;
    if (this.#seat === undefined) this.#sit();
    else if (!isSame) this.#seat.setState(this.#state);
  }

  /** Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#seat?.close();
    this.#seat = undefined;
    const end = this.#talker.finish();
    if (end !== null) this.#options.say(end);
  }

  get #state(): MemberState {
    return {
      muted: true,
      deafened: !this.#isOpen,
      hearing: this.#without.map((seatId) => ({ seatId, gain: 0 })),
      ...(this.#shouts !== undefined && {
        plan: { speaksInto: [ROOM_CHANNEL], whispersTo: [], hears: [ROOM_CHANNEL, this.#shouts] },
      }),
    };
  }

  #sit(): void {
    const closed = () => {
      this.#seat = undefined;
    };
    try {
      this.#seat = this.#options.room.media.connectRelayed({
        state: this.#state,
        speaks: false,
        listens: true,
        events: { connected: () => {}, silent: () => {}, closed },
        sink: { mix: (payload, timestamp) => this.#mix(payload, timestamp) },
      });
    } catch (thrown) {
      // The media plane is busy or restarts; the next look tries again.
      if (!(thrown instanceof AppError)) throw thrown;
    }
  }

  #mix(payload: Uint8Array, timestamp: number): void {
    if (this.#isClosed || !this.#isOpen) return;
    const voice = isSilence(payload)
      ? this.#talker.finish()
      : this.#talker.take({ ...PLACE, timestamp, payload }, true, this.#options.clock.now());
    if (voice !== null) this.#options.say(voice);
  }
}

function isSameList(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((id, i) => id === other[i]);
}
