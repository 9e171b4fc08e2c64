/** The sound of one participant over WebSockets: their seat, which outlives the single socket. */
import type { Clock, Millis } from '../../lib/clock.ts';
import type { RelayedPacket, RelayedSeat, SeatEvents } from '../../media/plane.ts';
import type { Participant } from '../../rooms/participant.ts';
import type { SentVoice } from '../sound-frame.ts';

/** The socket that has the sound now. */
export interface LegSocket {
  mix(payload: Uint8Array, timestamp: number, marker: boolean): void;
  /** Another socket of the same participant has taken its place. */
  replaced(): void;
  /** There is nothing more to do for this socket: WebRTC has taken over, or the seat is gone. */
  over(): void;
}

/** After that the others see that nothing comes; as with WebRTC. */
const SILENT_MS: Millis = 7000;
/** After that the seat is given up (RFC 7675 section 5.1 has the same time for WebRTC). */
const GONE_MS: Millis = 30_000;
/** A frame whose number is further ahead begins a stream of its own. */
const MAX_STEP = 1500;

export class MediaLeg {
  readonly participant: Participant;
  readonly #clock: Clock;
  #seat: RelayedSeat | undefined;
  #events: SeatEvents | undefined;
  #socket: LegSocket | undefined;
  #heardMs: Millis;
  #isSilent = false;
  #lastSequence: number | undefined;
  readonly #packet: { -readonly [Key in keyof RelayedPacket]: RelayedPacket[Key] } = {
    sequenceNumber: 0,
    timestamp: 0,
    payload: new Uint8Array(0),
    levelDbov: null,
  };

  constructor(participant: Participant, clock: Clock) {
    this.participant = participant;
    this.#clock = clock;
    this.#heardMs = clock.now();
  }

  /** Something else has the participant's media, or nothing has. */
  get isOver(): boolean {
    return this.#seat === undefined || this.participant.seat !== this.#seat;
  }

  /**
   * From now on the sound goes over this socket. The seat is taken with the first one, and replaces one of WebRTC. Throws
   * `AppError` `media_unavailable` or `server_busy`.
   */
  attach(socket: LegSocket, takesStereo: boolean): void {
    if (this.isOver) this.#sit(takesStereo);
    const before = this.#socket;
    this.#socket = socket;
    this.heard();
    if (before !== socket) before?.replaced();
  }

  /** The socket is gone. Another may come. */
  detach(socket: LegSocket): void {
    if (this.#socket === socket) this.#socket = undefined;
  }

  /** Something has come from the client. */
  heard(): void {
    this.#heardMs = this.#clock.now();
    if (this.#isSilent) this.#setSilent(false);
  }

  receive({ sequence, time, levelDbov, payload }: SentVoice): void {
    const seat = this.#seat;
    if (seat === undefined || this.isOver) return;
    const step = this.#lastSequence === undefined ? 0 : sequence - this.#lastSequence;
    // A copy, or one that came over the socket before.
    if (step <= 0 && step > -MAX_STEP && this.#lastSequence !== undefined) return;
    const packet = this.#packet;
    packet.sequenceNumber = sequence & 0xffff;
    packet.timestamp = time % 2 ** 32;
    packet.levelDbov = levelDbov;
    packet.payload = payload;
    seat.send(packet, this.#lastSequence === undefined || step > MAX_STEP || step < 0);
    this.#lastSequence = sequence;
  }

  /** Once a second. False if there is nothing left of it. */
  look(): boolean {
    if (this.isOver) {
      this.#end();
      return false;
    }
    const silentMs = this.#clock.now() - this.#heardMs;
    if (silentMs >= GONE_MS) {
      this.#events?.closed('silent');
      this.#end();
      return false;
    }
    if (silentMs >= SILENT_MS && !this.#isSilent) this.#setSilent(true);
    return true;
  }

  #sit(takesStereo: boolean): void {
    this.#lastSequence = undefined;
    this.#isSilent = false;
    this.#seat = this.participant.sit((media, options) => {
      this.#events = options.events;
      return media.connectRelayed({
        ...options,
        speaks: true,
        listens: true,
        takesStereo,
        sink: { mix: (payload, timestamp, marker) => this.#socket?.mix(payload, timestamp, marker) },
      });
    });
  }

  #setSilent(isSilent: boolean): void {
    this.#isSilent = isSilent;
    if (!this.isOver) this.#events?.silent(isSilent);
  }

  #end(): void {
    const socket = this.#socket;
    this.#socket = this.#seat = undefined;
    socket?.over();
  }
}
