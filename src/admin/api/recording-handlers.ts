/** The operations of the REST API on recordings. */
import { AppError } from '../../lib/errors.ts';
import type { Handlers } from '../../protocol/api/operations.ts';
import { roomKeyOrUndefined } from '../../rooms/names.ts';
import type { RecordingLibrary } from '../../rooms/recording/library.ts';
import type { RoomRegistry } from '../../rooms/registry.ts';
import { downloadPath, type LinkSigner } from './link-signer.ts';
import { pageOf } from './page.ts';

type RecordingHandlers = Pick<
  Handlers,
  | 'startRecording'
  | 'listRecordings'
  | 'getRecording'
  | 'stopRecording'
  | 'deleteRecording'
  | 'getRecordingFile'
  | 'getRecordingArchive'
  | 'createRecordingLink'
>;

export interface RecordingHandlerOptions {
  readonly registry: RoomRegistry;
  /** Undefined: nothing is recorded on this server. */
  readonly recordings: RecordingLibrary | undefined;
  readonly links: LinkSigner;
}

export function recordingHandlers({ registry, recordings, links }: RecordingHandlerOptions): RecordingHandlers {
  const library = (): RecordingLibrary => {
    if (recordings === undefined) throw new AppError('unknown_recording');
    return recordings;
  };
  return {
    startRecording: async ({ params, body }) => {
      const id = await registry.room(params.room).recording.start(body, { by: 'api' });
      return library().get(id);
    },
    listRecordings: async ({ query }) => {
      const { room, state } = query;
      const matching = (recordings?.list() ?? []).filter(
        (each) =>
          (room === undefined || roomKeyOrUndefined(each.room) === roomKeyOrUndefined(room)) &&
          (state === undefined || each.state === state),
      );
      const ordered = query.order === 'newest' ? matching.toReversed() : matching;
      const disk = (await recordings?.disk()) ?? null;
      return { recordings: pageOf(ordered, query), total: matching.length, disk };
    },
    getRecording: ({ params }) => library().get(params.recording),
    stopRecording: ({ params }) => library().stop(params.recording),
    deleteRecording: async ({ params }) => {
      await library().delete(params.recording);
      return undefined;
    },
    getRecordingFile: ({ params, query }) => library().file(params.recording, params.file, query.format),
    getRecordingArchive: ({ params }) => library().archive(params.recording),
    createRecordingLink: ({ params: { recording }, body: { file, format, expiresInSeconds } }) => {
      if (file === undefined) library().get(recording);
      else library().checkFile(recording, file);
      return links.sign(downloadPath(recording, file), file === undefined ? undefined : format, expiresInSeconds);
    },
  };
}
