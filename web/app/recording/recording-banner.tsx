import type { Call } from '../call.ts';
import { WarningIcon } from '../icons.tsx';
import { strings } from '../language.ts';
import { useLazy } from '../lazy.ts';

/** Tells everybody that the room is recorded. Who may or must do something about it gets buttons, loaded for them alone. */
export function RecordingBanner({ call }: { readonly call: Call }) {
  const { recording, mayRecord } = call.recording.state.value;
  const isConcerned = mayRecord === true || recording?.needsConsent === true;
  const Controls = useLazy(isConcerned, () =>
    import('./recording-controls.tsx').then((loaded) => loaded.RecordingControls),
  );
  return (
    <>
      {recording && (
        <div class="message message-warning" role="alert" data-testid="recording">
          <WarningIcon />
          <span>{strings.problem('recording_running', '')}</span>
        </div>
      )}
      {Controls && <Controls call={call} />}
    </>
  );
}
