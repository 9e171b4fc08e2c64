/** What people in a room are told about its recording. */

/** One file for everybody, one for each participant, or both. */
export type RecordingTracks = 'mix' | 'participants' | 'both';

/** Why a recording has ended. */
export type RecordingEndReason =
  | 'stopped'
  /** The room was closed, or everybody left a room that is always recorded. */
  | 'room_ended'
  /** It reached its longest duration. */
  | 'time'
  /** The recordings of the server together have reached their largest size. */
  | 'size'
  | 'disk_full'
  | 'disk_failed'
  | 'server_closing'
  /** The server died; the files were repaired when it started again. */
  | 'interrupted';

export interface RecordingView {
  /** For how long it has been running, in milliseconds. */
  readonly forMs: number;
  readonly tracks: RecordingTracks;
  /** Nobody is heard until they have agreed (`agreesToRecording` in `state`). */
  readonly needsConsent: boolean;
  /** So many programs are given what is said, and may keep it; omitted for none. It may be all that there is. */
  readonly programs?: number;
}

/** Starts or ends a recording of the room, with the right to do so (`mayRecord`). */
export interface RecordingRequest {
  readonly type: 'record';
  readonly on: boolean;
  /** Both if omitted. */
  readonly tracks?: RecordingTracks | undefined;
  readonly requestId?: number | undefined;
}

/**
 * From now on the room is recorded, or with null no longer. The first packet is recorded after everybody has been told.
 */
export interface RecordingNews {
  readonly type: 'recording';
  readonly recording: RecordingView | null;
  /** Why it has ended. */
  readonly reason?: RecordingEndReason;
}
