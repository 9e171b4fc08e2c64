import type { Logger } from 'pino';
import type { Webhooks } from '../admin/webhooks/webhooks.ts';
import type { Config } from '../config/config.ts';
import type { Clock } from '../lib/clock.ts';
import { Library, recordingInfo } from '../recording/library.ts';
import { type RecordingObserver, Recordings } from '../recording/recordings.ts';
import { S3Bucket } from '../recording/upload/s3-bucket.ts';
import type { RecordingLibrary } from '../rooms/recording/library.ts';
import { settingsError } from './start-error.ts';

const HOUR_MS = 3_600_000;

export interface ServerRecordings {
  readonly recordings: Recordings;
  readonly library: RecordingLibrary;
}

/** Undefined without a directory. Rejects with `StartError` if the directory cannot be used. */
export async function openRecordings(
  config: Config,
  {
    clock,
    log,
    webhooks,
    started,
  }: {
    readonly clock: Clock;
    readonly log: Logger;
    readonly webhooks: Webhooks;
    /** A recording of this room begins. */
    readonly started: (room: string) => void;
  },
): Promise<ServerRecordings | undefined> {
  if (config.recordingDir === '') return undefined;
  const observer: RecordingObserver = {
    started: (recording) => {
      const info = recordingInfo(recording);
      webhooks.recordingChanged('started', info);
      started(info.room);
    },
    ended: (recording) => webhooks.recordingChanged('ended', recordingInfo(recording)),
    deleted: (recording) => webhooks.recordingChanged('deleted', recordingInfo(recording)),
    uploaded: (recording) => webhooks.recordingChanged('uploaded', recordingInfo(recording)),
    uploadFailed: (recording) => webhooks.recordingChanged('upload_failed', recordingInfo(recording)),
  };
  const recordings = new Recordings({
    directory: config.recordingDir,
    limits: {
      maxMs: config.recordingMaxHours * HOUR_MS,
      maxBytes: config.recordingMaxBytes,
      minFreeBytes: config.recordingMinFree,
      keepDays: config.recordingKeepDays,
    },
    consent: config.recordingConsent,
    observer,
    clock,
    log,
    bucket: bucketOf(config, clock),
  });
  try {
    await recordings.open();
  } catch (error) {
    throw settingsError(new Error(`recording-dir cannot be used: ${(error as Error).message}`));
  }
  return { recordings, library: new Library(recordings) };
}

function bucketOf(config: Config, clock: Clock): S3Bucket | undefined {
  const { recordingS3Url: url, recordingS3Region: region, recordingS3KeyId: keyId, recordingS3Secret: secret } = config;
  return url === '' ? undefined : new S3Bucket({ url, region, keyId, secret, clock });
}
