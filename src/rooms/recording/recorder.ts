/** What rooms need of recording, and what it needs of them; `src/recording` implements it. */
import type { Millis } from '../../lib/clock.ts';
import type { TappedPacket, TappedVoice } from '../../media/plane.ts';
import type { RecordingEndReason, RecordingTracks } from '../../protocol/recording.ts';

export type { RecordingEndReason, RecordingTracks };

/** Whether a room may be recorded. `always`: while anybody is in it. */
export type RecordingMode = 'off' | 'allowed' | 'always';

/** `required`: nobody is heard while a recording runs until they have agreed to it. */
export type RecordingConsent = 'notice' | 'required';

/** Who started a recording. */
export type RecordingStarter =
  | { readonly by: 'api' }
  /** The setting of the room. */
  | { readonly by: 'room' }
  | { readonly by: 'participant'; readonly identity: string | null; readonly name: string };

/** Somebody who is in a room that is recorded. */
export interface RecordedPerson {
  readonly id: string;
  readonly identity: string | null;
  readonly name: string;
}

export interface RecordingStart {
  /** The name of the room. */
  readonly room: string;
  readonly title: string;
  readonly tracks: RecordingTracks;
  readonly consent: RecordingConsent;
  readonly starter: RecordingStarter;
  readonly maxMs: Millis | null;
  /** It has ended by itself. */
  readonly onEnd: (reason: RecordingEndReason) => void;
}

/** A recording while it runs. After `stop`, and after it has ended by itself, nothing else has an effect. */
export interface RunningRecording {
  readonly id: string;
  /** In milliseconds since 1970. */
  readonly startedAtMs: Millis;
  /** Somebody is in the room, or has come back. */
  entered(person: RecordedPerson): void;
  left(participantId: string): void;
  /** They have agreed to be recorded. */
  agreed(participantId: string): void;
  setMuted(participantId: string, muted: boolean): void;
  voice(participantId: string, packet: TappedVoice): void;
  mix(packet: TappedPacket): void;
  stop(reason: RecordingEndReason): void;
}

/** Makes recordings. */
export interface Recorder {
  readonly consent: RecordingConsent;
  /** Rejects with `too_many_recordings`, `disk_full` or `recording_failed`. */
  start(start: RecordingStart): Promise<RunningRecording>;
}
