import { bucketUrl, choice, integer, optionalDirectory, path, secret, userName, word } from './kinds.ts';
import { setting } from './setting.ts';

/** The settings of recordings; part of `SETTINGS`. */
export const RECORDING_SETTINGS = {
  recordingDir: setting(optionalDirectory(), {
    default: '',
    help: 'Directory for recordings of rooms. Empty: nothing can be recorded.',
  }),
  recording: setting(choice(['off', 'allowed', 'always']), {
    default: 'allowed',
    help: 'Which rooms are recorded, if there is a recording-dir. "allowed": those in which somebody with the right starts a recording, or the API does. "always": all, while anybody is in them. The API can decide otherwise for single rooms.',
  }),
  recordingConsent: setting(choice(['notice', 'required']), {
    default: 'notice',
    help: 'What people must do before they are recorded. "notice": nothing; everybody in the room is told. "required": nobody is heard during a recording before they have agreed to it.',
  }),
  recordingMaxHours: setting(integer({ min: 1, max: 168 }), {
    default: 12,
    help: 'Hours after which a recording ends.',
  }),
  recordingMaxBytes: setting(integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), {
    default: 0,
    help: 'Maximum size in bytes of all recordings together. Beyond it recordings end, and none can be started. 0: no limit.',
  }),
  recordingMinFree: setting(integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), {
    default: 1_000_000_000,
    help: 'Bytes that recordings leave free on their disk. Below it they end, and none can be started.',
  }),
  recordingKeepDays: setting(integer({ min: 0, max: 36_500 }), {
    default: 0,
    help: 'Days after which a finished recording is deleted. 0: never. One that should be in recording-s3-url is not deleted before it is there, as long as there is a recording-s3-url.',
  }),
  recordingS3Url: setting(bucketUrl(), {
    default: '',
    help: 'Bucket of an S3-compatible storage, with or without a folder, that gets a copy of each recording when it has ended: https://s3.example.org/BUCKET/FOLDER. Empty: none.',
  }),
  recordingS3Region: setting(word(), {
    default: 'us-east-1',
    help: 'Region of the bucket. Many storages other than Amazon accept any.',
  }),
  recordingS3KeyId: setting(userName(), {
    default: '',
    help: 'Access key id for the bucket. It must be allowed to write objects and to read what it has written.',
  }),
  recordingS3Secret: setting(secret({ minBytes: 1 }), {
    default: '',
    help: 'Secret access key for the bucket.',
  }),
  recordingS3SecretFile: setting(path(), {
    default: '',
    help: 'File that contains the recording-s3-secret. Surrounding white space is ignored.',
  }),
};
