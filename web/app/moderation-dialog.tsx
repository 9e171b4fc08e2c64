import type { ParticipantInfo } from '../../src/protocol/messages.ts';
import type { Call } from './call.ts';
import { Dialog } from './dialog.tsx';
import { strings } from './language.ts';

const texts = strings.moderation;
const BAN_SECONDS = 600;

export interface ModerationDialogProps {
  readonly call: Call;
  readonly person: ParticipantInfo;
  readonly onClose: () => void;
}

export function ModerationDialog({ call, person, onClose }: ModerationDialogProps) {
  const { moderation } = call.client;
  const action = (id: string, label: string, run: () => void, style = '') => (
    <button
      type="button"
      class={`button ${style}`}
      data-testid={id}
      onClick={() => {
        run();
        onClose();
      }}
    >
      {label}
    </button>
  );
  return (
    <Dialog class="moderation" labelledBy="moderation-title" onClose={onClose}>
      <h2 id="moderation-title" dir="auto">
        {person.name}
      </h2>
      {person.maySpeak &&
        (person.mutedByModerator
          ? action('moderate-allow', texts.allow, () => moderation.mute(person.id, false))
          : action('moderate-mute', texts.mute, () => moderation.mute(person.id, true)))}
      {person.role === undefined &&
        call.chat.state.value.rules !== null &&
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
