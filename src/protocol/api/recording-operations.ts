/** The operations of the REST API on recordings; part of `OPERATIONS`. */
import type { Operation } from './operations.ts';
import {
  archiveQuerySchema,
  fileQuerySchema,
  linkSchema,
  newLinkSchema,
  newRecordingSchema,
  recordingFilterSchema,
  recordingListSchema,
  recordingSchema,
} from './recording-schemas.ts';
import { pageSchema } from './schemas.ts';

const recording = '/recordings/{recording}';
const START_ERRORS = [
  'unknown_room',
  'recording_off',
  'recording_running',
  'too_many_recordings',
  'disk_full',
  'recording_failed',
  'server_closing',
] as const;

export const RECORDING_OPERATIONS = {
  startRecording: {
    method: 'post',
    path: '/rooms/{room}/recordings',
    tag: 'recordings',
    summary: 'Record a room',
    description:
      'Everybody in the room, and everybody who joins, is told. The answer comes before the first sound is recorded.',
    body: newRecordingSchema,
    answer: { status: 201, schema: recordingSchema },
    errors: START_ERRORS,
  },
  listRecordings: {
    method: 'get',
    path: '/recordings',
    tag: 'recordings',
    summary: 'Recordings, and the space that they have',
    query: pageSchema.extend(recordingFilterSchema.shape),
    answer: { status: 200, schema: recordingListSchema },
    errors: [],
  },
  getRecording: {
    method: 'get',
    path: recording,
    tag: 'recordings',
    summary: 'One recording',
    answer: { status: 200, schema: recordingSchema },
    errors: ['unknown_recording'],
  },
  stopRecording: {
    method: 'post',
    path: `${recording}/stop`,
    tag: 'recordings',
    summary: 'End a recording',
    description:
      'The answer comes when its files are complete. A recording that has ended stays as it is. A room that is always recorded is recorded again when somebody else joins.',
    answer: { status: 200, schema: recordingSchema },
    errors: ['unknown_recording'],
  },
  deleteRecording: {
    method: 'delete',
    path: recording,
    tag: 'recordings',
    summary: 'Delete a recording that has ended',
    errors: ['unknown_recording', 'recording_running'],
  },
  getRecordingFile: {
    method: 'get',
    path: `${recording}/files/{file}`,
    tag: 'recordings',
    summary: 'Download a file of a recording',
    description:
      'The tracks, `manifest.json` with everything that is known about the recording, and `events.jsonl` with who joined, left, was muted and spoke when. Ranges are possible (RFC 9110). Of a recording that runs, this is what there is so far.',
    query: fileQuerySchema,
    download: ['audio/ogg', 'audio/flac', 'audio/wav', 'application/json', 'application/x-ndjson'],
    errors: ['unknown_recording', 'unknown_file', 'no_converter', 'server_busy', 'range_not_satisfiable'],
  },
  getRecordingArchive: {
    method: 'get',
    path: `${recording}/archive`,
    tag: 'recordings',
    summary: 'Download all files of a recording as a zip archive',
    description: 'With `tracks.lof`, which opens all tracks in Audacity.',
    query: archiveQuerySchema,
    download: ['application/zip'],
    errors: ['unknown_recording'],
  },
  createRecordingLink: {
    method: 'post',
    path: `${recording}/links`,
    tag: 'recordings',
    summary: 'Create a link that downloads a file for a short time',
    description: 'For players and people: the link needs no admin token. It ends with the server.',
    body: newLinkSchema,
    answer: { status: 201, schema: linkSchema },
    errors: ['unknown_recording', 'unknown_file'],
  },
} as const satisfies Record<string, Operation>;
