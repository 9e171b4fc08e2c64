import { choice, integer, optionalDirectory } from './kinds.ts';
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
    help: 'Days after which a finished recording is deleted. 0: never.',
  }),
};
