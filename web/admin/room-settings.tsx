import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import type { AdminSession } from './admin-session.ts';
import type { RoomStatus } from './api.ts';
import { Dialog } from './dialog.tsx';
import { strings } from './strings.ts';
import { Switch } from './switch.tsx';

const MAX_PASSWORD_LENGTH = 256;

interface RoomSettingsProps {
  readonly session: AdminSession;
  readonly room: RoomStatus;
  readonly onClose: () => void;
}

/** Password, size and sound of one room. */
export function RoomSettings({ session, room, onClose }: RoomSettingsProps) {
  const { name, hasPassword } = room;
  const shown = useRef(room);
  const password = useSignal('');
  const hasNoPassword = useSignal(false);
  const maxParticipants = useSignal(String(room.maxParticipants));
  const maxTalkers = useSignal(String(room.maxTalkers));
  const levelling = useSignal(room.levelling);
  const whispers = useSignal(room.whispers);
  const teams = useSignal(room.teams.join(', '));
  const number = (id: string, label: string, hint: string, value: typeof maxParticipants, min: number, max: number) => (
    <label class="field">
      <span class="field-label">{label}</span>
      <input
        type="number"
        required
        min={min}
        max={max}
        data-testid={id}
        value={value.value}
        onInput={(event) => {
          value.value = event.currentTarget.value;
        }}
      />
      <span class="field-hint">{hint}</span>
    </label>
  );
  return (
    <Dialog
      title={strings.settingsOf(name)}
      confirm={strings.save}
      onConfirm={() =>
        void session.run(
          (api) =>
            api.changeRoom(name, {
              ...changed(shown.current, {
                maxParticipants: Number(maxParticipants.value),
                maxTalkers: Number(maxTalkers.value),
                levelling: levelling.value,
                whispers: whispers.value,
                teams: namesIn(teams.value),
              }),
              ...(hasNoPassword.value ? { password: null } : password.value !== '' && { password: password.value }),
            }),
          strings.saved(name),
        )
      }
      onClose={onClose}
    >
      <label class="field">
        <span class="field-label">{strings.newPassword}</span>
        <input
          type="password"
          autocomplete="new-password"
          maxLength={MAX_PASSWORD_LENGTH}
          data-testid="room-password"
          disabled={hasNoPassword.value}
          value={password.value}
          onInput={(event) => {
            password.value = event.currentTarget.value;
          }}
        />
        <span class="field-hint">{hasPassword ? strings.keepsPassword : strings.hasNoPassword}</span>
      </label>
      {hasPassword && <Switch id="no-password" label={strings.removePassword} value={hasNoPassword} />}
      {number('max-participants', strings.maxParticipants, strings.maxParticipantsHint, maxParticipants, 1, 10_000)}
      {number('max-talkers', strings.maxTalkers, strings.maxTalkersHint, maxTalkers, 0, 1000)}
      <Switch id="levelling" label={strings.levelling} value={levelling} />
      <Switch id="whispers" label={strings.whispers} value={whispers} />
      <label class="field">
        <span class="field-label">{strings.teams}</span>
        <input
          type="text"
          dir="auto"
          data-testid="teams"
          value={teams.value}
          onInput={(event) => {
            teams.value = event.currentTarget.value;
          }}
        />
        <span class="field-hint">{strings.teamsHint}</span>
      </label>
    </Dialog>
  );
}

/** Only these are sent: the list is some seconds old, and others may have changed the rest since. */
function changed<Settings extends Partial<RoomStatus>>(shown: RoomStatus, wanted: Settings): Partial<Settings> {
  const entries = Object.entries(wanted) as [keyof Settings & keyof RoomStatus, unknown][];
  const isNew = ([key, value]: (typeof entries)[number]) => JSON.stringify(value) !== JSON.stringify(shown[key]);
  return Object.fromEntries(entries.filter(isNew)) as Partial<Settings>;
}

function namesIn(text: string): string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}
