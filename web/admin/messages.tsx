import type { AdminSession } from './admin-session.ts';
import { strings } from './strings.ts';

/** The result of the last action. The element always exists, so that screen readers announce changes. */
export function SaidMessage({ session }: { session: AdminSession }) {
  const said = session.said.value;
  return (
    <div role="status">
      {said !== null && (
        <div class={`message message-${said.kind}`} data-testid={`said-${said.kind}`}>
          <span>{said.text}</span>
          <button
            type="button"
            class="button"
            onClick={() => {
              session.said.value = null;
            }}
          >
            {strings.dismiss}
          </button>
        </div>
      )}
    </div>
  );
}

export function Unreachable({ session }: { session: AdminSession }) {
  return (
    <div role="alert">
      {!session.isReachable.value && (
        <div class="message message-error" data-testid="unreachable">
          <span>{strings.problems['unreachable']}</span>
        </div>
      )}
    </div>
  );
}
