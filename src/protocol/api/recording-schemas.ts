/** The data of the REST API about recordings, in both directions. */
import { z } from 'zod';

const MAX_TITLE_LENGTH = 200;
const MAX_RECORDING_SECONDS = 168 * 3600;
const MAX_LINK_SECONDS = 86_400;
const MAX_FILE_LENGTH = 256;

const count = () => z.number().min(0);
const time = () => z.string().meta({ format: 'date-time' });

export const recordingMode = z
  .enum(['off', 'allowed', 'always'])
  .describe('Whether the room may be recorded; `always`: it is, while anybody is in it.');

export const recordingTrackSchema = z.strictObject({
  file: z.string().describe('The name of the file in the recording.'),
  kind: z.enum(['mix', 'participant']),
  participantId: z.string().nullable().describe('Null for the mix, like the next four.'),
  identity: z.string().nullable().describe('Also null without a join token.'),
  name: z.string().nullable(),
  talkMs: count().nullable().describe('How long they spoke.'),
  driftPpm: z
    .number()
    .nullable()
    .describe("How much faster their clock ran than the server's, in millionths; also null if that is not known."),
  bytes: count(),
  dropped: count().describe('Packets that were not recorded because the disk was too slow.'),
});

export const recordingSchema = z.strictObject({
  id: z.string(),
  room: z.string(),
  title: z.string(),
  state: z.enum(['recording', 'finished', 'failed']),
  startedAt: time(),
  endedAt: time().nullable(),
  reason: z
    .enum(['stopped', 'room_ended', 'time', 'size', 'disk_full', 'disk_failed', 'server_closing', 'interrupted'])
    .nullable()
    .describe(
      'Why it ended. `time` and `size` are limits of the server; `interrupted`: the server died, and the files were repaired when it started again.',
    ),
  durationMs: count().nullable(),
  consent: z.enum(['notice', 'required']),
  startedBy: z.strictObject({
    by: z.enum(['api', 'room', 'participant']).describe('`room`: it is always recorded.'),
    identity: z.string().nullable(),
    name: z.string().nullable(),
  }),
  bytes: count(),
  upload: z
    .strictObject({
      state: z.enum(['waiting', 'uploaded']).describe('`uploaded`: the storage has confirmed every file.'),
      at: time().nullable().describe('When it was confirmed.'),
      error: z.string().nullable().describe('Of the latest attempt; it is tried again.'),
    })
    .nullable()
    .describe('The copy in S3-compatible storage (`recording-s3-url`); null if there was none when it was made.'),
  tracks: z.array(recordingTrackSchema),
});

export const recordingDiskSchema = z.strictObject({
  bytes: count().describe('What recordings take.'),
  maxBytes: count().describe('What they may take (`recording-max-bytes`); 0: no limit.'),
  freeBytes: count().nullable().describe('What is free on their disk; null if it does not say.'),
  minFreeBytes: count().describe('What they leave free (`recording-min-free`).'),
});

export const recordingListSchema = z.strictObject({
  recordings: z.array(recordingSchema),
  total: count().describe('Number of matches, including those beyond this page.'),
  disk: recordingDiskSchema.nullable().describe('Null: nothing can be recorded on this server.'),
});

/** `POST /rooms/{room}/recordings` */
export const newRecordingSchema = z.strictObject({
  tracks: z
    .enum(['mix', 'participants', 'both'])
    .default('both')
    .describe('One file for everybody, one for each participant, or both.'),
  title: z.string().max(MAX_TITLE_LENGTH).default(''),
  maxSeconds: z
    .number()
    .int()
    .min(1)
    .max(MAX_RECORDING_SECONDS)
    .optional()
    .describe('It ends after this, or after `recording-max-hours` if that is sooner.'),
});

/** `POST /recordings/{recording}/links` */
export const newLinkSchema = z.strictObject({
  file: z.string().max(MAX_FILE_LENGTH).optional().describe('A file of the recording; omitted: the archive of all.'),
  format: z.enum(['opus', 'flac', 'wav']).default('opus'),
  expiresInSeconds: z.number().int().min(1).max(MAX_LINK_SECONDS).default(300),
});

export const linkSchema = z.strictObject({
  path: z.string().describe('Downloads it without the admin token; prepend the address of the server.'),
  expiresAt: time(),
});

/** Query parameters that a link has. */
const signed = {
  expires: z.string().max(20).optional().describe('From a link.'),
  signature: z.string().max(64).optional().describe('From a link.'),
};

export const fileQuerySchema = z.strictObject({
  format: z
    .enum(['opus', 'flac', 'wav'])
    .default('opus')
    .describe('Other formats than `opus` need `ffmpeg` on the server, and allow no ranges.'),
  ...signed,
});

export const archiveQuerySchema = z.strictObject(signed);

export const recordingFilterSchema = z.object({
  room: z.string().max(256).optional().describe('Only recordings of this room.'),
  state: z.enum(['recording', 'finished', 'failed']).optional(),
  order: z.enum(['oldest', 'newest']).default('oldest').describe('Which comes first.'),
});
