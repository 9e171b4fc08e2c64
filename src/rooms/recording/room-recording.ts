/** The recording of one room: who starts and ends it, who is in it, and that everybody knows. */
import type { Logger } from 'pino';
import type { Clock, Millis } from '../../lib/clock.ts';
import { AppError } from '../../lib/errors.ts';
import { TokenBucket } from '../../lib/rates/token-bucket.ts';
import type { RoomTapSink } from '../../media/plane.ts';
import type { RecordingView } from '../../protocol/recording.ts';
import type { RoomEvent } from '../events.ts';
import type { Participant } from '../participant.ts';
import type { RoomEndReason } from '../ports.ts';
import type { TapSlot } from '../room-taps.ts';
import type {
  Recorder,
  RecordingEndReason,
  RecordingMode,
  RecordingStarter,
  RecordingTracks,
  RunningRecording,
} from './recorder.ts';

export interface RoomRecordingOptions {
  /** Its name. */
  readonly room: string;
  readonly key: string;
  /** Undefined: nothing can be recorded on this server. */
  readonly recorder: Recorder | undefined;
  readonly mode: () => RecordingMode;
  readonly media: TapSlot;
  readonly participants: ReadonlyMap<string, Participant>;
  /** `Seat.id` → participant id. */
  readonly participantOfSeat: ReadonlyMap<number, string>;
  readonly tellAll: (event: RoomEvent) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface WantedRecording {
  readonly tracks: RecordingTracks;
  readonly title?: string;
  readonly maxSeconds?: number | undefined;
}

/** What somebody who enters the room is told. */
export interface PersonalRecordingView {
  /** Omitted if none is running. */
  readonly recording?: RecordingView;
  /** They may start and end a recording; otherwise omitted. */
  readonly mayRecord?: true;
}

interface Running {
  readonly recording: RunningRecording;
  readonly starter: RecordingStarter;
  readonly tracks: RecordingTracks;
  readonly startedMs: Millis;
  /** Seat → participant, also of those who have left since. */
  readonly seats: Map<number, string>;
}

/** Each makes a folder. */
const STARTS = { perSecond: 0.1, burst: 5 } as const;
const ALWAYS: WantedRecording = { tracks: 'both' };

export class RoomRecording {
  readonly #options: RoomRecordingOptions;
  #running: Running | undefined;
  /** Those that are given what is said, and in which form. */
  readonly #programs = new Map<symbol, RecordingTracks>();
  #shownSinceMs: Millis = 0;
  #isStarting = false;
  #closed = false;
  readonly #starts: TokenBucket;

  constructor(options: RoomRecordingOptions) {
    this.#options = options;
    this.#starts = new TokenBucket({ ...STARTS, now: options.clock.now() });
  }

  /** The id of the recording that runs; null if there is none. */
  get id(): string | null {
    return this.#running?.recording.id ?? null;
  }

  /** What is said here may be kept: by a recording, or by a program. */
  get isKept(): boolean {
    return this.#running !== undefined || this.#programs.size > 0;
  }

  get view(): RecordingView | null {
    const running = this.#running;
    const programs = this.#programs.size;
    if (running === undefined && programs === 0) return null;
    const all = new Set([...this.#programs.values(), ...(running === undefined ? [] : [running.tracks])]);
    const [first = 'both'] = all;
    return {
      forMs: Math.round(this.#options.clock.now() - (running?.startedMs ?? this.#shownSinceMs)),
      tracks: all.size > 1 ? 'both' : first,
      needsConsent: this.#needsConsent,
      ...(programs > 0 && { programs }),
    };
  }

  /**
   * A program is given what is said from now on, until what this returns is called. It may keep that, so everybody is told
   * as of a recording, and asked if people must agree.
   */
  shownTo(tracks: 'mix' | 'participants'): () => void {
    const { clock, participants, tellAll } = this.#options;
    const program = Symbol('program');
    if (this.#programs.size === 0) this.#shownSinceMs = clock.now();
    this.#programs.set(program, tracks);
    if (this.#running === undefined) for (const participant of participants.values()) this.#warn(participant);
    tellAll({ type: 'recording', recording: this.view });
    return () => {
      if (!this.#programs.delete(program) || this.#closed) return;
      const { view } = this;
      if (view === null) for (const participant of participants.values()) participant.sound.setRecorded(null);
      tellAll({ type: 'recording', recording: view, ...(view === null && { reason: 'stopped' }) });
    };
  }

  viewFor(participant: Participant): PersonalRecordingView {
    const { view } = this;
    return { ...(view !== null && { recording: view }), ...(this.#mayRecord(participant) && { mayRecord: true }) };
  }

  /**
   * Resolves with the id of the recording when everybody has been told. Nothing is recorded before that. Rejects with
   * `recording_off`, `recording_running` or as `Recorder.start` does.
   */
  async start(wanted: WantedRecording, starter: RecordingStarter): Promise<string> {
    const { recorder, mode, room, clock } = this.#options;
    if (recorder === undefined || mode() === 'off') throw new AppError('recording_off');
    if (this.#running !== undefined || this.#isStarting) throw new AppError('recording_running');
    this.#isStarting = true;
    const { tracks, title = '', maxSeconds } = wanted;
    const maxMs = maxSeconds === undefined ? null : maxSeconds * 1000;
    let recording: RunningRecording;
    try {
      const onEnd = (reason: RecordingEndReason) => this.#ended(reason);
      recording = await recorder.start({ room, title, tracks, consent: recorder.consent, starter, maxMs, onEnd });
    } finally {
      this.#isStarting = false;
    }
    if (this.#closed) {
      recording.stop('room_ended');
      throw new AppError('unknown_room');
    }
    this.#running = { recording, starter, tracks, startedMs: clock.now(), seats: new Map() };
    for (const participant of this.#options.participants.values()) this.#take(participant, this.#running);
    this.#options.tellAll({ type: 'recording', recording: this.view });
    const request = { voices: tracks !== 'mix', mix: tracks !== 'participants' };
    this.#options.media.setTap({ request, sink: this.#sinkOf(this.#running) });
    // Meanwhile everybody may have left, or the room may not be recorded any more.
    this.endIfAlone();
    if (mode() === 'off' && this.#running?.recording === recording) this.stop();
    return recording.id;
  }

  /** Ends the recording, and returns its id. Throws `no_recording`. */
  stop(): string {
    const running = this.#running;
    if (running === undefined) throw new AppError('no_recording');
    running.recording.stop('stopped');
    this.#ended('stopped');
    return running.recording.id;
  }

  /** What a participant asks for. Rejects with `not_allowed`, `rate_limited`, or as `start` and `stop` do. */
  async request(participant: Participant, on: boolean, tracks: RecordingTracks): Promise<void> {
    if (!this.#hasRight(participant)) throw new AppError('not_allowed');
    const { name, admission } = participant;
    const nowMs = this.#options.clock.now();
    if (on && !this.#starts.take(nowMs))
      throw new AppError('rate_limited', undefined, { retryAfterMs: Math.ceil(this.#starts.waitMs(nowMs)) });
    if (on) await this.start({ tracks }, { by: 'participant', identity: admission.identity, name });
    else if (this.#running?.starter.by === 'room') throw new AppError('not_allowed', 'This room is always recorded.');
    else this.stop();
  }

  /** Somebody is in the room, or connects again. */
  entered(participant: Participant): void {
    if (this.#running !== undefined) this.#take(participant, this.#running);
    else if (this.#programs.size > 0) this.#warn(participant);
    if (this.#running !== undefined) return;
    if (this.#options.mode() === 'always') this.#startAlways();
  }

  left(participant: Participant): void {
    participant.sound.forgetAgreement();
    this.#running?.recording.left(participant.id);
    this.endIfAlone();
  }

  /** A room that is always recorded is not recorded while it is empty. */
  endIfAlone(): void {
    if (this.#running?.starter.by !== 'room' || this.#options.participants.size > 0) return;
    this.#running.recording.stop('room_ended');
    this.#ended('room_ended');
  }

  /** Their state has changed. */
  updated(participant: Participant): void {
    this.#running?.recording.setMuted(participant.id, participant.view.muted);
  }

  modeChanged(): void {
    const mode = this.#options.mode();
    if (mode === 'off' && this.#running !== undefined) this.stop();
    if (mode === 'always' && this.#options.participants.size > 0) this.#startAlways();
  }

  /** The room closes. */
  close(reason: RoomEndReason): void {
    this.#closed = true;
    this.#running?.recording.stop(reason === 'server_closing' ? reason : 'room_ended');
    this.#running = undefined;
  }

  get #needsConsent(): boolean {
    return this.#options.recorder?.consent === 'required';
  }

  #hasRight(participant: Participant): boolean {
    return participant.rightsIn(this.#options.key).mayRecord === true;
  }

  #mayRecord(participant: Participant): boolean {
    const { recorder, mode } = this.#options;
    return recorder !== undefined && mode() === 'allowed' && this.#hasRight(participant);
  }

  #startAlways(): void {
    if (this.#options.recorder === undefined || this.#running !== undefined || this.#isStarting) return;
    this.start(ALWAYS, { by: 'room' }).catch((error: unknown) =>
      this.#options.log.error({ err: error }, 'the room should always be recorded, but is not'),
    );
  }

  /** They agree together with what they share. @param agreed called when they do */
  #warn(participant: Participant, agreed = (): void => {}): void {
    const { id, owner, sound } = participant;
    const { participants } = this.#options;
    // What they share is theirs.
    const sharer = owner && participants.get(owner.id);
    if (sharer?.sound.agreesToRecording === true) sound.agreeToRecording();
    const onAgreed = (): void => {
      agreed();
      for (const one of participants.values()) if (one.owner?.id === id) one.sound.agreeToRecording();
    };
    sound.setRecorded({ needsConsent: this.#needsConsent, onAgreed });
  }

  #take(participant: Participant, { recording }: Running): void {
    const { id, name, admission } = participant;
    recording.entered({ id, name, identity: admission.identity });
    recording.setMuted(id, participant.view.muted);
    this.#warn(participant, () => recording.agreed(id));
    if (participant.sound.agreesToRecording) recording.agreed(id);
  }

  #sinkOf({ recording, seats }: Running): RoomTapSink {
    const { participantOfSeat } = this.#options;
    return {
      voice: (packet) => {
        const { seatId } = packet;
        const participantId = participantOfSeat.get(seatId) ?? seats.get(seatId);
        if (participantId === undefined) return;
        if (!seats.has(seatId)) seats.set(seatId, participantId);
        recording.voice(participantId, packet);
      },
      mix: (packet) => recording.mix(packet),
    };
  }

  #ended(reason: RecordingEndReason): void {
    if (this.#running === undefined || this.#closed) return;
    this.#running = undefined;
    this.#options.media.setTap(null);
    const { view } = this;
    for (const participant of this.#options.participants.values())
      if (view === null) participant.sound.setRecorded(null);
      else this.#warn(participant);
    this.#options.tellAll({ type: 'recording', recording: view, reason });
    const goesOn = reason === 'time' && this.#options.mode() === 'always' && this.#options.participants.size > 0;
    if (goesOn) this.#startAlways();
  }
}
