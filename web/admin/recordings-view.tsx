import { useSignal } from '@preact/signals';
import type { AdminSession } from './admin-session.ts';
import type { RecordingStatus, Recordings } from './api.ts';
import { Dialog } from './dialog.tsx';
import { recordingStrings as strings } from './recording-strings.ts';
import { durationText } from './strings.ts';

/** What is recorded, newest first, and the space for it; nothing if nothing can be recorded. */
export function RecordingsView({ session, list }: { session: AdminSession; list: Recordings }) {
  const playing = useSignal<{ readonly title: string; readonly src: string } | null>(null);
  const { recordings, total, disk } = list;
  if (disk === null) return null;
  return (
    <section class="card panel" aria-labelledby="recordings-title">
      <h2 id="recordings-title">{strings.recordings}</h2>
      <p class="quiet" data-testid="recording-space">
        {strings.space(disk)}
      </p>
      {recordings.length === 0 && <p class="quiet">{strings.none}</p>}
      {total > recordings.length && <p class="quiet">{strings.more(recordings.length, total)}</p>}
      <ul class="persons">
        {recordings.map((recording) => (
          <Recording
            key={recording.id}
            session={session}
            recording={recording}
            onPlay={(src) => {
              playing.value = { title: strings.of(recording), src };
            }}
          />
        ))}
      </ul>
      {playing.value !== null && (
        // biome-ignore lint/a11y/useMediaCaption: nobody has written down what is said.
        <audio
          controls
          autoplay
          class="player"
          data-testid="recording-player"
          aria-label={playing.value.title}
          src={playing.value.src}
        />
      )}
    </section>
  );
}

interface RecordingProps {
  readonly session: AdminSession;
  readonly recording: RecordingStatus;
  readonly onPlay: (src: string) => void;
}

function Recording({ session, recording, onPlay }: RecordingProps) {
  const isDeleting = useSignal(false);
  const { id, room, title, state, bytes, tracks, durationMs } = recording;
  const isRunning = state === 'recording';
  const [first] = tracks;
  const about = [
    new Date(recording.startedAt).toLocaleString(),
    ...(durationMs === null ? [] : [durationText(Math.round(durationMs / 1000))]),
    strings.size(bytes),
    strings.startedBy(recording.startedBy),
    ...strings.fate(recording),
  ];
  /** Links are short-lived, so each is made when it is used. */
  const link = async (file?: string): Promise<string | undefined> =>
    (await session.run((api) => api.recordingLink(id, file)))?.path;
  return (
    <li class="row" data-testid="recording" data-recording={id} data-state={state}>
      <div class="who">
        <strong dir="auto">{title === '' ? room : `${room}: ${title}`}</strong>
        <span class="quiet">{about.join(', ')}</span>
      </div>
      <div class="actions">
        {first !== undefined && (
          <button
            type="button"
            class="button"
            data-testid="play-recording"
            aria-label={`${strings.play}: ${strings.of(recording)}`}
            onClick={() => void link(first.file).then((path) => path !== undefined && onPlay(path))}
          >
            {strings.play}
          </button>
        )}
        <button
          type="button"
          class="button"
          data-testid="download-recording"
          aria-label={`${strings.download}: ${strings.of(recording)}`}
          onClick={() => void link().then((path) => path !== undefined && location.assign(path))}
        >
          {strings.download}
        </button>
        {isRunning ? (
          <button
            type="button"
            class="button button-danger"
            data-testid="stop-recording"
            aria-label={`${strings.stop}: ${strings.of(recording)}`}
            onClick={() => void session.run((api) => api.stopRecording(id), strings.stopped(room))}
          >
            {strings.stop}
          </button>
        ) : (
          <button
            type="button"
            class="button button-danger"
            data-testid="delete-recording"
            aria-label={`${strings.remove}: ${strings.of(recording)}`}
            onClick={() => {
              isDeleting.value = true;
            }}
          >
            {strings.remove}
          </button>
        )}
      </div>
      {isDeleting.value && (
        <Dialog
          title={strings.removeQuestion(recording)}
          confirm={strings.remove}
          isDangerous
          onConfirm={() => void session.run((api) => api.deleteRecording(id), strings.removed)}
          onClose={() => {
            isDeleting.value = false;
          }}
        />
      )}
    </li>
  );
}
