import { useSignal } from '@preact/signals';
import type { Call } from './call.ts';
import { CheckIcon, LinkIcon } from './icons.tsx';
import { strings } from './language.ts';
import { pathOfRoom } from './room-link.ts';

const COPIED_MS = 2000;

/** Copies the room's link, where a link is of any use to others. */
export function CopyLink({ call, testId = 'copy-link' }: { call: Call; testId?: string }) {
  const isCopied = useSignal(false);
  const link = new URL(pathOfRoom(call.room.value), location.href).href;
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(link);
    } catch {
      // The clipboard works only on secure origins, and may be forbidden.
      call.linkToCopy.value = link;
      return;
    }
    if (call.entry.value === 'password') call.notify(strings.room.linkNeedsPassword);
    isCopied.value = true;
    setTimeout(() => {
      isCopied.value = false;
    }, COPIED_MS);
  };
  if (call.entry.value === 'token') return null;
  return (
    <button type="button" class="button copy-link" data-testid={testId} onClick={() => void copy()}>
      {isCopied.value ? <CheckIcon /> : <LinkIcon />}
      <span aria-live="polite">{isCopied.value ? strings.room.linkCopied : strings.room.copyLink}</span>
    </button>
  );
}

/** The link, selected, for people whose browser does not let the page copy it. */
export function LinkToCopy({ call }: { call: Call }) {
  if (call.linkToCopy.value === null) return null;
  return (
    <div class="message message-notice" data-testid="link-to-copy">
      <label class="field">
        <span>{strings.room.copyYourself}</span>
        <input ref={(element) => element?.select()} readOnly value={call.linkToCopy.value} />
      </label>
      <button
        type="button"
        class="button"
        onClick={() => {
          call.linkToCopy.value = null;
        }}
      >
        {strings.settings.close}
      </button>
    </div>
  );
}
