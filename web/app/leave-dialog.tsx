import type { Call } from './call.ts';
import { Dialog } from './dialog.tsx';
import { strings } from './language.ts';

const texts = strings.leaving;

/** Asked after Back, because people press it without thinking of the call. */
export function LeaveDialog({ call }: { call: Call }) {
  return (
    <Dialog class="moderation" labelledBy="leave-title" testId="leave-dialog" onClose={() => call.answerBack(false)}>
      <h2 id="leave-title">{texts.title(call.room.value)}</h2>
      <button type="button" class="button button-primary" data-testid="stay" onClick={() => call.answerBack(false)}>
        {texts.stay}
      </button>
      <button type="button" class="button button-danger" data-testid="leave-now" onClick={() => call.answerBack(true)}>
        {texts.leave}
      </button>
    </Dialog>
  );
}
