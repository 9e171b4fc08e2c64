/** One recording while it runs: the tracks of everybody, their files, and the manifest. */
import { randomInt } from 'node:crypto';
import { hostname } from 'node:os';
import type { Logger } from 'pino';
import { type Cancel, type Clock, isoTime, type Millis } from '../lib/clock.ts';
import type { TappedPacket, TappedVoice } from '../media/plane.ts';
import type {
  RecordedPerson,
  RecordingEndReason,
  RecordingStart,
  RunningRecording,
} from '../rooms/recording/recorder.ts';
import { MIX, trackFileName } from './file-names.ts';
import type { RecordingFolder } from './folder.ts';
import type { Manifest, ManifestPerson } from './manifest.ts';
import { MixTrack } from './mix-track.ts';
import { PersonTrack } from './person-track.ts';
import { RecordedTrack } from './recorded-track.ts';

/** How often what has come together is written. */
const STEP_MS: Millis = 250;
/** How often the disk is looked at. */
const CHECK_STEPS = 20;
/** A machine that loses its power loses about this much. */
const SYNC_STEPS = 120;
/** Joins and leaves are in the manifest after this at most. */
const MANIFEST_STEPS = 4;
const TICK_MS: Millis = 20;
/** Each has an open file until the recording ends. Those who come later are only in the mix. */
const MAX_TRACKS = 500;
/** So that the manifest can be read again. */
const MAX_PEOPLE = 10_000;
/** The codes of a full disk. */
export const NO_SPACE: ReadonlySet<string | undefined> = new Set(['ENOSPC', 'EDQUOT']);

export interface RecordingOptions {
  readonly id: string;
  readonly start: RecordingStart;
  readonly folder: RecordingFolder;
  /** In milliseconds since 1970; the folder is named after it. */
  readonly startedAtMs: Millis;
  readonly maxMs: Millis;
  /** It is sent to another storage when it has ended. */
  readonly isUploaded: boolean;
  readonly clock: Clock;
  readonly log: Logger;
  /** Whether there is room for more. */
  readonly spaceLeft: () => Promise<'enough' | 'size' | 'disk_full'>;
  readonly onWritten: (bytes: number) => void;
  /** The disk has failed to write. */
  readonly onWriteError: () => void;
  /** Everything is written. */
  readonly onFinished: (manifest: Manifest) => void;
}

interface Present {
  readonly person: RecordedPerson;
  readonly entry: ManifestPerson;
  readonly track: RecordedTrack<PersonTrack> | undefined;
  isMuted: boolean | undefined;
}

export class Recording implements RunningRecording {
  readonly id: string;
  readonly startedAtMs: Millis;
  readonly #options: RecordingOptions;
  readonly #clock: Clock;
  readonly #startMs: Millis;
  readonly #people = new Map<string, Present>();
  readonly #mix: RecordedTrack<MixTrack> | undefined;
  #cancelTimer: Cancel = () => {};
  #steps = 0;
  #isSlownessSaid = false;
  #isChanged = true;
  #end: { readonly reason: RecordingEndReason; readonly atMs: Millis; readonly wallMs: Millis } | undefined;
  #finished: Promise<void> | undefined;

  constructor(options: RecordingOptions) {
    const { id, start, clock } = options;
    this.id = id;
    this.#options = options;
    this.#clock = clock;
    // Ticks are multiples of this.
    this.#startMs = Math.ceil(clock.now() / TICK_MS) * TICK_MS;
    this.startedAtMs = options.startedAtMs;
    if (start.tracks !== 'participants') {
      const track = new MixTrack({ startMs: this.#startMs, serial: serial(), tags: this.#tags() });
      this.#mix = new RecordedTrack({ ...this.#files, file: MIX, track, person: null });
    }
    this.#schedule();
  }

  get isOver(): boolean {
    return this.#end !== undefined;
  }

  /** Resolves when everything is written after the end. */
  get finished(): Promise<void> {
    return this.#finished ?? Promise.resolve();
  }

  /** Of all files together. */
  get bytes(): number {
    return this.#tracks.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Packets that were not recorded because the disk was too slow. */
  get dropped(): number {
    return this.#tracks.reduce((sum, { dropped }) => sum + dropped, 0);
  }

  entered(person: RecordedPerson): void {
    if (this.isOver || (this.#people.size >= MAX_PEOPLE && !this.#people.has(person.id))) return;
    const known = this.#people.get(person.id) ?? this.#add(person);
    if (known.entry.present.at(-1)?.toMs === null) return;
    known.entry.present.push({ fromMs: this.#nowMs, toMs: null });
    this.#note('joined', person.id, { identity: person.identity, name: person.name });
  }

  left(participantId: string): void {
    const stay = this.#people.get(participantId)?.entry.present.at(-1);
    if (this.isOver || stay === undefined || stay.toMs !== null) return;
    stay.toMs = this.#nowMs;
    this.#note('left', participantId);
  }

  agreed(participantId: string): void {
    const entry = this.#people.get(participantId)?.entry;
    if (this.isOver || entry === undefined || entry.agreedAt !== null) return;
    entry.agreedAt = isoTime(this.#clock.wallNow());
    this.#note('agreed', participantId);
  }

  setMuted(participantId: string, muted: boolean): void {
    const present = this.#people.get(participantId);
    if (this.isOver || present === undefined || present.isMuted === muted) return;
    present.isMuted = muted;
    this.#note(muted ? 'muted' : 'unmuted', participantId);
  }

  voice(participantId: string, { arrivalMs, stream, timestamp, payload, levelDbov }: TappedVoice): void {
    const { track, entry } = this.#people.get(participantId) ?? {};
    const mayBeRecorded = this.#options.start.consent === 'notice' || entry?.agreedAt != null;
    if (this.isOver || track === undefined || !mayBeRecorded || !track.takesPackets) return;
    track.track.add({ arrivalMs, stream, timestamp, levelDbov, payload: payload.slice() });
  }

  mix({ arrivalMs, timestamp, payload }: TappedPacket): void {
    if (this.isOver || this.#mix?.takesPackets !== true) return;
    this.#mix.track.add({ arrivalMs, timestamp, payload: payload.slice() });
  }

  stop(reason: RecordingEndReason): void {
    if (this.#end !== undefined) return;
    this.#cancelTimer();
    // In whole milliseconds, as the manifest says.
    const atMs = this.#startMs + this.#nowMs;
    for (const id of this.#people.keys()) this.left(id);
    this.#end = { reason, atMs, wallMs: this.#clock.wallNow() };
    for (const recorded of this.#tracks) recorded.append(recorded.track.end(atMs));
    this.#finished = this.#finish();
  }

  get manifest(): Manifest {
    const { id, start } = this.#options;
    const { room, title, consent, starter } = start;
    const end = this.#end;
    const { identity, name } = starter.by === 'participant' ? starter : { identity: null, name: null };
    return {
      version: 1,
      id,
      room,
      title,
      consent,
      state: end === undefined ? 'recording' : end.reason === 'disk_failed' ? 'failed' : 'finished',
      startedAt: isoTime(this.startedAtMs),
      endedAt: end === undefined ? null : isoTime(end.wallMs),
      reason: end?.reason ?? null,
      durationMs: end === undefined ? null : Math.max(0, Math.round(end.atMs - this.#startMs)),
      startedBy: { by: starter.by, identity, name },
      tracks: this.#tracks.filter(({ exists }) => exists).map(({ entry }) => entry),
      people: Array.from(this.#people.values(), ({ entry }) => ({ ...entry, present: [...entry.present] })),
      upload: this.#options.isUploaded ? { state: 'waiting', at: null, error: null } : null,
      writer: { host: hostname(), pid: process.pid },
    };
  }

  get #tracks(): readonly RecordedTrack[] {
    const people = Array.from(this.#people.values(), ({ track }) => track).filter((track) => track !== undefined);
    return this.#mix === undefined ? people : [this.#mix, ...people];
  }

  get #nowMs(): Millis {
    return Math.max(0, Math.round(this.#clock.now() - this.#startMs));
  }

  get #files() {
    const { folder, onWritten } = this.#options;
    return {
      open: (file: string) => folder.open(file),
      onWritten,
      onError: (error: NodeJS.ErrnoException) => this.#diskFailed(error),
    };
  }

  #add(person: RecordedPerson): Present {
    const number = this.#people.size + 1;
    const { id: participantId, identity, name } = person;
    const entry: ManifestPerson = { participantId, identity, name, present: [], agreedAt: null };
    let track: RecordedTrack<PersonTrack> | undefined;
    if (this.#options.start.tracks !== 'mix' && number <= MAX_TRACKS) {
      const voice = new PersonTrack({
        startMs: this.#startMs,
        serial: serial(),
        tags: this.#tags(name),
        onTalk: (talk) => this.#note('spoke', participantId, { ...talk }),
      });
      track = new RecordedTrack({ ...this.#files, file: trackFileName(number, name), track: voice, person });
    }
    const present: Present = { person, entry, track, isMuted: undefined };
    this.#people.set(participantId, present);
    return present;
  }

  #note(type: string, participantId: string, more: Readonly<Record<string, unknown>> = {}): void {
    this.#options.folder.note({ atMs: this.#nowMs, type, participantId, ...more });
    this.#isChanged ||= type !== 'spoke';
  }

  #tags(artist?: string): (readonly [string, string])[] {
    const { title, room } = this.#options.start;
    return [
      ['TITLE', title === '' ? room : title],
      ...(artist === undefined ? [] : ([['ARTIST', artist]] as const)),
      ['DATE', isoTime(this.startedAtMs)],
    ];
  }

  #schedule(): void {
    this.#cancelTimer = this.#clock.setTimer(this.#clock.now() + STEP_MS, () => {
      this.#step();
      if (!this.isOver) this.#schedule();
    });
  }

  #step(): void {
    const nowMs = this.#clock.now();
    const { maxMs, folder, log } = this.#options;
    let hasNewFile = false;
    this.#steps++;
    for (const recorded of this.#tracks) {
      const existed = recorded.exists;
      recorded.append(recorded.track.advance(nowMs));
      hasNewFile ||= recorded.exists !== existed;
      if (this.#steps % SYNC_STEPS === 0) recorded.sync();
    }
    if (!this.#isSlownessSaid && this.dropped > 0) {
      this.#isSlownessSaid = true;
      log.error({ recording: this.id }, 'the disk is too slow; packets are left out of the recording');
    }
    folder.flush();
    // A file that no manifest knows would not be repaired.
    if (hasNewFile || (this.#isChanged && this.#steps % MANIFEST_STEPS === 0)) this.#save();
    if (this.#steps % CHECK_STEPS === 0) void this.#checkSpace();
    if (nowMs - this.#startMs >= maxMs) this.endWith('time');
  }

  #save(): void {
    this.#isChanged = false;
    this.#options.folder.save(this.manifest).catch((error: NodeJS.ErrnoException) => this.#diskFailed(error));
  }

  async #checkSpace(): Promise<void> {
    const space = await this.#options.spaceLeft();
    if (space !== 'enough') this.endWith(space);
  }

  #diskFailed(error: NodeJS.ErrnoException): void {
    const { log, onWriteError, id } = this.#options;
    onWriteError();
    log.error({ recording: id, err: error }, 'the recording cannot be written');
    this.endWith(NO_SPACE.has(error.code) ? 'disk_full' : 'disk_failed');
  }

  /** Ends it, and tells the room. */
  endWith(reason: RecordingEndReason): void {
    if (this.isOver) return;
    this.stop(reason);
    this.#options.start.onEnd(reason);
  }

  async #finish(): Promise<void> {
    const { folder, onFinished, log, id } = this.#options;
    try {
      for (const recorded of this.#tracks) await recorded.close();
      await folder.release();
      await folder.save(this.manifest);
    } catch (error) {
      log.error({ recording: id, err: error }, 'the recording cannot be finished; the next start repairs it');
    }
    onFinished(this.manifest);
  }
}

/** Tells the streams of files apart that somebody joins. */
function serial(): number {
  return randomInt(2 ** 32);
}
