import { useSignal } from '@preact/signals';
import type { Call } from '../call.ts';
import { language, strings } from '../language.ts';
import { recordingTexts } from './recording-texts.ts';

/** Buttons that start and end a recording, and with which one agrees to it. */
export function RecordingControls({ call }: { readonly call: Call }) {
  const isBusy = useSignal(false);
  const { state, hasAgreed } = call.recording;
  const { recording, mayRecord } = state.value;
  const texts = recordingTexts[language.tag];
  const isRunning = recording !== undefined && recording !== null;
  const mustAgree = recording?.needsConsent === true && !hasAgreed.value;
  const record = async () => {
    isBusy.value = true;
    await call.client.moderation
      .record(!isRunning)
      .catch((error: unknown) => call.notify(strings.failed(error)))
      .finally(() => {
        isBusy.value = false;
      });
  };
  return (
    <div class="button-row">
      {mustAgree && (
        <>
          <span role="status">{texts.why}</span>
          <button
            type="button"
            class="button button-primary"
            data-testid="agree-to-recording"
            onClick={() => {
              call.client.setPresence({ agreesToRecording: true });
              hasAgreed.value = true;
            }}
          >
            {texts.agree}
          </button>
        </>
      )}
      {mayRecord && (
        <button type="button" class="button" data-testid="record" disabled={isBusy.value} onClick={() => void record()}>
          {isRunning ? texts.stop : texts.start}
        </button>
      )}
    </div>
  );
}
