import type { Call } from '../call.ts';
import { NoteIcon } from '../icons.tsx';
import { strings } from '../language.ts';
import { useLazy } from '../lazy.ts';

const texts = strings.share;

/** Asks what to share, and then stops it. Nothing for those who may not share. */
export function ShareButton({ call }: { readonly call: Call }) {
  const { own, isAllowed, isAsking } = call.share;
  if (!isAllowed.value) return null;
  const isSharing = own.value !== null;
  return (
    <button
      type="button"
      class="dock-button"
      data-testid="share"
      aria-pressed={isSharing}
      title={isSharing ? texts.stop : texts.share}
      onClick={() => {
        if (isSharing) own.value?.stop();
        else isAsking.value = true;
      }}
    >
      <span class="dock-icon">
        <NoteIcon />
      </span>
      <span class="dock-label">{texts.share}</span>
    </button>
  );
}

/** The shared sounds, and the dialog that starts one; their code is loaded when needed. */
export function Shared({ call }: { readonly call: Call }) {
  const { shared, isAsking } = call.share;
  const load = () => import('./shared-sounds.tsx').then(({ SharedSounds }) => SharedSounds);
  const Sounds = useLazy(shared.value.size > 0 || isAsking.value, load, () => {
    isAsking.value = false;
    call.notify(strings.settings.notLoaded);
  });
  return Sounds && <Sounds call={call} />;
}
