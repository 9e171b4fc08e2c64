import type { ErrorKind } from './errors.ts';

/** The errors of recordings; part of `ERRORS`. */
export const RECORDING_ERRORS = {
  recording_off: {
    fault: 'user',
    httpStatus: 403,
    closeCode: null,
    message: 'Recording is off in this room, or on this server. Its operator can enable it (recording-dir).',
  },
  recording_running: { fault: 'user', httpStatus: 409, closeCode: null, message: 'A recording is running.' },
  no_recording: { fault: 'user', httpStatus: 409, closeCode: null, message: 'This room is not being recorded.' },
  unknown_recording: { fault: 'user', httpStatus: 404, closeCode: null, message: 'Recording not found.' },
  unknown_file: { fault: 'user', httpStatus: 404, closeCode: null, message: 'The recording has no such file.' },
  too_many_recordings: {
    fault: 'user',
    httpStatus: 503,
    closeCode: null,
    message: 'The server has reached its maximum number of running recordings.',
  },
  disk_full: {
    fault: 'user',
    httpStatus: 507,
    closeCode: null,
    message: 'The server has no space left for recordings.',
  },
  recording_failed: {
    fault: 'server',
    httpStatus: 500,
    closeCode: null,
    message: 'The server cannot write to its disk.',
  },
  no_converter: {
    fault: 'user',
    httpStatus: 501,
    closeCode: null,
    message: 'This server has no ffmpeg, which it needs for other formats.',
  },
  range_not_satisfiable: {
    fault: 'user',
    httpStatus: 416,
    closeCode: null,
    message: 'The requested range is outside the file.',
  },
} as const satisfies Record<string, ErrorKind>;
