import { type Signal, useSignal } from '@preact/signals';
import type { ParticipantInfo } from '../../src/protocol/messages.ts';
import type { Call } from './call.ts';
import { Dialog } from './dialog.tsx';
import { LockIcon, MoreIcon } from './icons.tsx';
import { strings } from './language.ts';

const texts = strings.moderation;
const BAN_SECONDS = 600;

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
      {isOpen.value && <ModerationDialog call={call} person={person} isOpen={isOpen} />}
    </>
  );
}

interface DialogProps {
  readonly call: Call;
  readonly person: ParticipantInfo;
  readonly isOpen: Signal<boolean>;
}

function ModerationDialog({ call, person, isOpen }: DialogProps) {
  const { moderation } = call.client;
  const close = () => {
    isOpen.value = false;
  };
  const action = (id: string, label: string, run: () => void, style = '') => (
    <button
      type="button"
      class={`button ${style}`}
      data-testid={id}
      onClick={() => {
        run();
        close();
      }}
    >
      {label}
    </button>
  );
  return (
    <Dialog class="moderation" labelledBy="moderation-title" onClose={close}>
      <h2 id="moderation-title" dir="auto">
        {person.name}
      </h2>
      {person.maySpeak &&
        (person.mutedByModerator
          ? action('moderate-allow', texts.allow, () => moderation.mute(person.id, false))
          : action('moderate-mute', texts.mute, () => moderation.mute(person.id, true)))}
      {call.chat.state.value.rules !== null &&
        (person.mayChat === false
          ? action('moderate-chat-allow', texts.allowInChat, () => moderation.muteInChat(person.id, false))
          : action('moderate-chat-mute', texts.muteInChat, () => moderation.muteInChat(person.id, true)))}
      {action('moderate-kick', texts.kick, () => moderation.kick(person.id), 'button-danger')}
      {person.identity !== null &&
        action('moderate-ban', texts.ban, () => moderation.kick(person.id, BAN_SECONDS), 'button-danger')}
      {action('moderate-cancel', texts.cancel, () => {})}
    </Dialog>
  );
}
