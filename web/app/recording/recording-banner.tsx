import type { Call } from '../call.ts';
import { WarningIcon } from '../icons.tsx';
import { strings } from '../language.ts';
import { useLazy } from '../lazy.ts';

/**
 * Tells everybody that the room is recorded. Those who may record, or must agree, get buttons, which are loaded only for
 * them.
 */
export function RecordingBanner({ call }: { readonly call: Call }) {
  const { recording, mayRecord } = call.recording.state.value;
  const isConcerned = mayRecord === true || recording?.needsConsent === true;
  const load = () => import('./recording-controls.tsx').then((loaded) => loaded.RecordingControls);
  const Controls = useLazy(isConcerned, load, () => call.notify(strings.settings.notLoaded));
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
