import type { AdminSession } from './admin-session.ts';
import type { ForwardStatus, ListenerStatus } from './api.ts';
import { recordingStrings as strings } from './recording-strings.ts';

interface ListenersProps {
  readonly session: AdminSession;
  readonly room: string;
  readonly forwards: readonly ForwardStatus[];
  /** The first of them, without forwards. */
  readonly listeners: readonly ListenerStatus[];
  readonly count: number;
}

/** Who hears a room without being in it, and where it is sent; nothing if there is nobody. */
export function Listeners({ session, room, forwards, listeners, count }: ListenersProps) {
  return (
    <>
      {forwards.length > 0 && (
        <>
          <p class="quiet">{strings.forwards}</p>
          <ul class="persons" aria-label={strings.forwards}>
            {forwards.map((forward) => (
              <li key={forward.id} class="row" data-testid="forward" data-state={forward.state}>
                <div class="who">
                  <span dir="auto">{forward.url}</span>
                  <span class="quiet">{strings.forwardState(forward)}</span>
                </div>
                <EndButton
                  what={forward.url}
                  onEnd={() => void session.run((api) => api.endForward(room, forward.id))}
                />
              </li>
            ))}
          </ul>
        </>
      )}
      {count > 0 && (
        <>
          <p class="quiet" data-testid="listener-count">
            {strings.listeners(count)}
          </p>
          <ul class="persons" aria-label={strings.listeners(count)}>
            {listeners.map((listener) => (
              <li key={listener.id} class="row" data-testid="listener" data-via={listener.via}>
                <div class="who">
                  <span class="quiet">{strings.listener(listener)}</span>
                </div>
                <EndButton
                  what={strings.listener(listener)}
                  onEnd={() => void session.run((api) => api.endListener(room, listener.id))}
                />
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}

function EndButton({ what, onEnd }: { readonly what: string; readonly onEnd: () => void }) {
  return (
    <div class="actions">
      <button type="button" class="button" data-testid="end" aria-label={strings.endOf(what)} onClick={onEnd}>
        {strings.end}
      </button>
    </div>
  );
}
