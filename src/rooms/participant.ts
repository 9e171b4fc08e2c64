import { timingSafeEqual } from 'node:crypto';
import type { Logger } from 'pino';
import type { Cancel, Clock, Millis } from '../lib/clock.ts';
import { AppError } from '../lib/errors.ts';
import type {
  AnySeat,
  MediaCloseReason,
  MediaNetwork,
  MediaRoom,
  MemberState,
  MemberStateChange,
  Seat,
  SeatOptions,
} from '../media/plane.ts';
import type { Admission } from './admission.ts';
import { Capture, type CaptureEnd, type CaptureOptions } from './capture.ts';
import type { EndReason, LeaveReason, ParticipantListener, ParticipantView, RoomEvent } from './events.ts';
import type { ModeratorAction } from './moderation.ts';
import type { ParticipantFact } from './ports.ts';
import { StatePacer } from './state-pacer.ts';

/** What a participant needs of its room. */
export interface ParticipantRoom {
  /** A seat in the room's media, as `take` gets it. Throws what `take` throws. */
  seat<S extends AnySeat>(participant: Participant, take: (media: MediaRoom) => S): S;
  freeSeat(seat: Seat): void;
  updated(participant: Participant): void;
  /** A change of the participant's state has to wait, because there were too many. */
  heldBack(): void;
  /** Throws `AppError` `not_allowed` or `unknown_participant`. */
  moderate(moderator: Participant, action: ModeratorAction): void;
  left(participant: Participant, reason: LeaveReason): void;
}

export interface ParticipantOptions {
  readonly id: string;
  readonly name: string;
  readonly admission: Admission;
  readonly mutedByModerator: boolean;
  readonly state: MemberState;
  /** Had a seat before, by an earlier connection of the same participant. */
  readonly returning: boolean;
  readonly resumeToken: string;
  /** When they came into the room, in milliseconds since 1970. */
  readonly joinedAtMs: Millis;
  readonly listener: ParticipantListener;
  readonly room: ParticipantRoom;
  /** How long a participant whose connection broke is waited for while their media lives. */
  readonly resumeTimeoutMs: Millis;
  readonly clock: Clock;
  /** Bound to the room and to this participant. */
  readonly log: Logger;
}

/** With neither media nor a word over the WebSocket for this long, nobody is there any more. */
const SILENCE_LIMIT_MS = 8000;
const UNKNOWN_NETWORK: MediaNetwork = { incoming: null, outgoing: null, roundTripMs: null };

/**
 * One person in a room. The connection of their client may break and another take its place: until then there is no listener, and the media
 * goes on. Once ended, every method does nothing.
 */
export class Participant {
  readonly id: string;
  readonly name: string;
  readonly admission: Admission;
  /** Whoever holds it may take this participant's place. Secret. */
  readonly resumeToken: string;
  #joinedAtMs: Millis;
  #room: ParticipantRoom;
  readonly #resumeTimeoutMs: Millis;
  readonly #clock: Clock;
  #log: Logger;
  #listener: ParticipantListener | null;
  #address: string | null;
  /** While there is no listener: since when, and when the client was heard of last. */
  #lost: { readonly sinceMs: Millis; readonly heardMs: Millis } | null = null;
  #cancelLeave: Cancel = () => {};
  #state: MemberState;
  readonly #pacer: StatePacer;
  #mutedByModerator: boolean;
  #connected = false;
  /** Nothing has come to the seat for some seconds. */
  #silent = false;
  #returning: boolean;
  #seat: AnySeat | undefined;
  #capture: Capture | undefined;
  #ended = false;

  constructor(options: ParticipantOptions) {
    const { id, name, admission, state, mutedByModerator, returning, resumeToken, listener, room, log } = options;
    this.#resumeTimeoutMs = options.resumeTimeoutMs;
    this.#clock = options.clock;
    this.id = id;
    this.name = name;
    this.admission = admission;
    this.resumeToken = resumeToken;
    this.#joinedAtMs = options.joinedAtMs;
    this.#listener = listener;
    this.#address = listener.address ?? null;
    this.#room = room;
    this.#log = log;
    this.#state = { ...state, muted: state.muted || mutedByModerator || !admission.maySpeak };
    this.#mutedByModerator = mutedByModerator;
    this.#returning = returning;
    this.#pacer = new StatePacer({
      clock: this.#clock,
      apply: (state) => this.#change(state),
      onHeldBack: () => this.#room.heldBack(),
    });
  }

  get view(): ParticipantView {
    const { identity, maySpeak, mayModerate } = this.admission;
    return {
      id: this.id,
      identity,
      name: this.name,
      maySpeak,
      mayModerate,
      ...this.#state,
      mutedByModerator: this.#mutedByModerator,
      connected: this.#isAlive,
      captured: this.#capture !== undefined,
    };
  }

  get fact(): ParticipantFact {
    return { ...this.view, joinedAtMs: this.#joinedAtMs };
  }

  /** The address that their client connects from, or did last; null where nobody is to see it. The other participants are not told. */
  get address(): string | null {
    return this.#address;
  }

  /** How their media gets through, as far as that is known. */
  get network(): MediaNetwork {
    return this.#seat?.network ?? UNKNOWN_NETWORK;
  }

  /** When they came into the room, in milliseconds since 1970. */
  get joinedAtMs(): Millis {
    return this.#joinedAtMs;
  }

  /** What this participant and the moderators have decided. */
  get state(): MemberState {
    return this.#state;
  }

  /** Where this participant's media comes and goes; undefined while there is none. */
  get seat(): AnySeat | undefined {
    return this.#seat;
  }

  /** Had a seat: here, or by an earlier connection of the same participant. */
  get returning(): boolean {
    return this.#returning;
  }

  /** Goes to another room, which takes the seat over. `log` is bound to that room. */
  moveTo({ room, joinedAtMs, log }: Pick<ParticipantOptions, 'room' | 'joinedAtMs' | 'log'>): void {
    this.#room = room;
    this.#joinedAtMs = joinedAtMs;
    this.#log = log;
  }

  /** Compares in constant time. */
  holdsToken(token: string): boolean {
    const own = Buffer.from(this.resumeToken);
    const other = Buffer.from(token);
    return own.length === other.length && timingSafeEqual(own, other);
  }

  get mutedByModerator(): boolean {
    return this.#mutedByModerator;
  }

  /**
   * Omitted fields keep their value. Whoever unmutes or undeafens too often has to wait for it. Throws `not_allowed` when somebody unmutes
   * who may not; then nothing changes.
   */
  setState(change: MemberStateChange): void {
    if (this.#ended) return;
    const { muted, deafened } = this.#pacer.wanted ?? this.#state;
    const state = { muted: change.muted ?? muted, deafened: change.deafened ?? deafened };
    if (this.#state.muted && !state.muted && !this.#mayUnmute) throw new AppError('not_allowed');
    this.#pacer.change(this.#state, state);
  }

  /** Nobody can be unmuted by another: with false the participant may do it, and stays muted until then. */
  setMutedByModerator(muted: boolean): void {
    if (this.#ended || muted === this.#mutedByModerator) return;
    this.#mutedByModerator = muted;
    if (muted) {
      this.#pacer.mute();
      this.#state = { ...this.#state, muted: true };
    }
    this.#seat?.setState(this.#state);
    this.#room.updated(this);
  }

  /** Does to another what only moderators may. Throws `not_allowed` or `unknown_participant`. */
  moderate(action: ModeratorAction): void {
    if (!this.#ended) this.#room.moderate(this, action);
  }

  /**
   * Takes a seat in the room's media, in place of the one before if there is one.
   * @param take gets the seat of its kind; when it throws, the seat before stays, and the error goes on to the caller
   */
  sit<S extends AnySeat>(take: (media: MediaRoom, options: SeatOptions) => S): S {
    const options: SeatOptions = {
      state: this.#state,
      returning: this.#returning,
      events: {
        connected: () => this.#mediaConnected(seat),
        silent: (silent) => this.#mediaSilent(seat, silent),
        moved: () => this.#mediaMoved(seat),
        closed: (reason) => this.#mediaClosed(seat, reason),
      },
    };
    const seat: S = this.#room.seat(this, (media) => take(media, options));
    const before = this.#seat;
    this.#seat = seat;
    this.#capture?.follow(seat);
    this.#returning = true;
    if (before !== undefined) {
      this.#room.freeSeat(before);
      this.#setMediaState(false, false);
    }
    return seat;
  }

  /**
   * Captures the media of this participant in the clear, across their connections. The room is told as long as it goes on.
   * Throws `AppError` `unknown_participant` or `capture_running`.
   */
  capture(options: CaptureOptions): Capture {
    if (this.#ended) throw new AppError('unknown_participant');
    if (this.#capture !== undefined) throw new AppError('capture_running');
    const { durationMs, maxBytes } = options;
    this.#log.warn({ durationMs, maxBytes }, 'capture started: what this participant says and hears is being recorded');
    const ended = (reason: CaptureEnd): void => {
      this.#capture = undefined;
      this.#log.warn({ reason }, 'capture ended');
      if (!this.#ended) this.#room.updated(this);
      options.ended(reason);
    };
    this.#capture = new Capture({ ...options, ended }, this.#clock);
    // They are told first.
    this.#room.updated(this);
    if (this.#seat !== undefined) this.#capture.follow(this.#seat);
    return this.#capture;
  }

  /** The connection of the client broke, which was heard of last at `heardMs`. The participant stays for a while. */
  lose(heardMs: Millis): void {
    if (this.#ended) return;
    this.#log.info('connection broke');
    this.#listener = null;
    this.#lost = { sinceMs: this.#clock.now(), heardMs };
    this.#scheduleLeave();
  }

  /** Another connection takes the place of the one before, which is told so if it is still there. */
  resume(listener: ParticipantListener, { muted, deafened }: MemberState): void {
    const before = this.#listener;
    this.#listener = null;
    this.#address = listener.address ?? null;
    this.#lost = null;
    this.#cancelLeave();
    before?.ended('replaced');
    this.setState(muted || this.#mayUnmute ? { muted, deafened } : { deafened });
    // Only now: the first that the client hears is how everything stands.
    this.#listener = listener;
  }

  /** The participant goes; the others are told why. */
  leave(reason: LeaveReason): void {
    if (this.#ended) return;
    this.#close();
    this.#room.left(this, reason);
  }

  /** The participant is put out of the room; both sides are told. */
  kick(): void {
    if (this.#ended) return;
    this.end('kicked');
    this.#room.left(this, 'kicked');
  }

  /** The room lets go of the participant; its own side is told, the others are not. */
  end(reason: EndReason): void {
    if (this.#ended) return;
    const listener = this.#listener;
    this.#close();
    listener?.ended(reason);
  }

  /** Their client understands `participants_joined` and `participants_left`. */
  get takesBatches(): boolean {
    return this.#listener?.takesBatches ?? false;
  }

  /** Tells this participant's own side. */
  deliver(...events: readonly RoomEvent[]): void {
    if (!this.#ended) this.#listener?.event(...events);
  }

  #mediaConnected(seat: Seat): void {
    if (seat !== this.#seat) return;
    this.#log.info('media connected');
    this.deliver({ type: 'media_connected' });
    this.#setMediaState(true, false);
  }

  #mediaSilent(seat: Seat, silent: boolean): void {
    if (seat === this.#seat) this.#setMediaState(this.#connected, silent);
  }

  #mediaMoved(seat: Seat): void {
    if (seat === this.#seat) this.deliver({ type: 'media_moved' });
  }

  #mediaClosed(seat: Seat, reason: MediaCloseReason): void {
    if (seat !== this.#seat) return;
    this.#seat = undefined;
    this.#room.freeSeat(seat);
    this.#log.info({ reason }, 'media closed');
    this.deliver({ type: 'media_closed', reason });
    this.#setMediaState(false, false);
  }

  get #mayUnmute(): boolean {
    return this.admission.maySpeak && !this.#mutedByModerator;
  }

  #change(state: MemberState): void {
    if (state.muted === this.#state.muted && state.deafened === this.#state.deafened) return;
    this.#state = state;
    this.#seat?.setState(state);
    this.#room.updated(this);
  }

  get #isAlive(): boolean {
    return this.#connected && !this.#silent;
  }

  #setMediaState(connected: boolean, silent: boolean): void {
    const before = this.#isAlive;
    this.#connected = connected;
    this.#silent = silent;
    if (this.#isAlive === before) return;
    this.#scheduleLeave();
    this.#room.updated(this);
  }

  #scheduleLeave(): void {
    this.#cancelLeave();
    if (this.#lost === null || this.#ended) return;
    const { sinceMs, heardMs } = this.#lost;
    const resumeUntilMs = sinceMs + this.#resumeTimeoutMs;
    const atMs = this.#isAlive ? resumeUntilMs : Math.min(resumeUntilMs, heardMs + SILENCE_LIMIT_MS);
    if (atMs <= this.#clock.now()) this.leave('connection_lost');
    else this.#cancelLeave = this.#clock.setTimer(atMs, () => this.leave('connection_lost'));
  }

  #close(): void {
    this.#ended = true;
    this.#listener = null;
    this.#cancelLeave();
    this.#pacer.cancel();
    this.#capture?.end('left');
    const seat = this.#seat;
    this.#seat = undefined;
    if (seat !== undefined) this.#room.freeSeat(seat);
  }
}
