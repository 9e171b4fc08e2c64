import { useComputed, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { ListedRoom } from '../../../src/protocol/rooms.ts';
import type { Call } from '../call.ts';
import { Dialog } from '../dialog.tsx';
import { strings } from '../language.ts';
import { PasswordField } from '../password-field.tsx';
import { isSameRoom } from '../room-link.ts';
import { RoomList } from './room-list.tsx';

const texts = strings.rooms;
/** As many as the server names in each of the other rooms. */
const MAX_PEOPLE = 12;

/** Beside the room, or over it on a small screen: where else people are. */
export function RoomsPanel({ call }: { readonly call: Call }) {
  const rooms = useComputed(() => withOwnRoom(call));
  useEffect(() => {
    call.client.rooms.watch(true);
    return () => call.client.rooms.watch(false);
  }, []);
  return (
    <nav
      class="rooms"
      data-testid="rooms"
      aria-labelledby="rooms-title"
      onKeyDown={(event) => {
        if (event.key === 'Escape') call.rooms.closeIfCovering();
      }}
    >
      <header class="rooms-header">
        <h2 id="rooms-title">{texts.title}</h2>
        <button
          type="button"
          class="button"
          data-testid="rooms-close"
          onClick={() => {
            call.rooms.isOpen.value = false;
          }}
        >
          {texts.close}
        </button>
      </header>
      <RoomList
        rooms={rooms.value}
        here={call.room.value}
        goingTo={call.rooms.goingTo.value}
        onChoose={({ name }) => void call.goToRoom(name)}
      />
      {call.rooms.askedPassword.value !== null && <PasswordDialog call={call} />}
    </nav>
  );
}

/** What the server lists, and the own room in any case, with what is known of it here. */
function withOwnRoom(call: Call): readonly ListedRoom[] {
  const list = call.rooms.list.value ?? [];
  const name = call.room.value;
  const own = list.find((room) => isSameRoom(room.name, name));
  if (own !== undefined && own.participants !== null) return list;
  const people = [...call.participants.value.values()];
  const known = {
    ...(own ?? { name, description: '', permanent: false, order: 0 }),
    entry: call.entry.value,
    locked: call.locked.value,
    participants: people.length,
    people: people.slice(0, MAX_PEOPLE).map(({ id, name }) => ({ name, speaking: call.levels.value.has(id) })),
  };
  return own === undefined ? [...list, known] : list.map((room) => (room === own ? known : room));
}

function PasswordDialog({ call }: { readonly call: Call }) {
  const password = useSignal('');
  const asked = call.rooms.askedPassword.value;
  if (asked === null) return null;
  return (
    <Dialog
      class="moderation"
      labelledBy="rooms-password-title"
      testId="rooms-password"
      onClose={() => {
        call.rooms.askedPassword.value = null;
      }}
    >
      <h2 id="rooms-password-title">{texts.passwordOf(asked.room)}</h2>
      <form
        class="rooms-password"
        onSubmit={(event) => {
          event.preventDefault();
          if (password.value !== '') void call.goToRoom(asked.room, password.value);
        }}
      >
        <PasswordField password={password} isWrong={asked.isWrong} />
        <p class="field-problem" role="alert">
          {asked.isWrong ? strings.problems.wrong_password : ''}
        </p>
        <button type="submit" class="button button-primary" data-testid="rooms-enter">
          {texts.enter}
        </button>
      </form>
    </Dialog>
  );
}
