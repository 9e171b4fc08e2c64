import { useSignal } from '@preact/signals';
import type { ParticipantInfo } from '../../src/protocol/messages.ts';
import type { Call } from './call.ts';
import { LockIcon, MoreIcon } from './icons.tsx';
import { strings } from './language.ts';
import { useLazy } from './lazy.ts';

const texts = strings.moderation;

/** The room's lock: a switch for moderators, an icon for everyone else. */
export function RoomLock({ call }: { call: Call }) {
  const isLocked = call.locked.value;
  if (call.self.value?.mayModerate) {
    return (
      <button
        type="button"
        class="button lock"
        data-testid="lock"
        aria-pressed={isLocked}
        title={texts.lockHint}
        onClick={() => call.client.moderation.lock(!isLocked)}
      >
        <LockIcon />
        {texts.lock}
      </button>
    );
  }
  return isLocked ? (
    <span class="locked" data-testid="locked">
      <LockIcon />
      {texts.locked}
    </span>
  ) : null;
}

/** A moderator's actions for one person, behind a button so that nobody is removed by accident. */
export function ModerateButton({ call, person }: { call: Call; person: ParticipantInfo }) {
  const isOpen = useSignal(false);
  const load = () => import('./moderation-dialog.tsx').then(({ ModerationDialog }) => ModerationDialog);
  const Dialog = useLazy(isOpen.value, load, () => {
    isOpen.value = false;
    call.notify(strings.settings.notLoaded);
  });
  return (
    <>
      <button
        type="button"
        class="moderate"
        data-testid="moderate"
        aria-label={texts.moderate(person.name)}
        aria-haspopup="dialog"
        onClick={() => {
          isOpen.value = true;
        }}
      >
        <MoreIcon />
      </button>
      {Dialog && (
        <Dialog
          call={call}
          person={person}
          onClose={() => {
            isOpen.value = false;
          }}
        />
      )}
    </>
  );
}
