import type { z } from 'zod';
import type { Download } from '../../protocol/api/download.ts';
import type { recordingDiskSchema, recordingSchema } from '../../protocol/api/recording-schemas.ts';

export type RecordingDisk = z.output<typeof recordingDiskSchema>;
export type RecordingInfo = z.output<typeof recordingSchema>;

/** A format in which a track can be had; all but `opus` are converted. */
export type TrackFormat = 'opus' | 'flac' | 'wav';

/**
 * The recordings of the server, for the operator. Every method that takes an id throws or rejects with
 * `unknown_recording`.
 */
export interface RecordingLibrary {
  /** Oldest first. */
  list(): readonly RecordingInfo[];
  disk(): Promise<RecordingDisk>;
  get(id: string): RecordingInfo;
  /** Resolves when the files are complete. */
  stop(id: string): Promise<RecordingInfo>;
  /** Rejects with `recording_running`. */
  delete(id: string): Promise<void>;
  /** Throws `unknown_file`. */
  checkFile(id: string, file: string): void;
  /** Rejects with `unknown_file`, `no_converter` or `server_busy`. */
  file(id: string, file: string, format: TrackFormat): Promise<Download>;
  archive(id: string): Promise<Download>;
}
