import { useSignal } from '@preact/signals';
import type { AdminSession, Overview, People } from './admin-session.ts';
import type { RoomStatus } from './api.ts';
import { Bans } from './bans.tsx';
import { clusterStrings } from './cluster-strings.ts';
import { Dialog } from './dialog.tsx';
import { Listeners } from './listeners-view.tsx';
import { Person } from './person.tsx';
import { recordingStrings } from './recording-strings.ts';
import { RoomSettings } from './room-settings.tsx';
import { strings } from './strings.ts';

/** All rooms; expanded ones list their participants. */
export function RoomsView({ session, overview }: { session: AdminSession; overview: Overview }) {
  const { rooms, totalRooms, people, silent } = overview;
  return (
    <section class="card panel" aria-labelledby="rooms-title">
      <h2 id="rooms-title">{strings.rooms}</h2>
      <NewRoom session={session} />
      {rooms.length === 0 && <p class="quiet">{strings.noRooms}</p>}
      {silent.length > 0 && (
        <div class="message message-warning" data-testid="incomplete">
          <span>{clusterStrings.incomplete(silent)}</span>
        </div>
      )}
      {totalRooms > rooms.length && <p class="quiet">{strings.moreRooms(rooms.length, totalRooms)}</p>}
      <ul class="rooms">
        {rooms.map((room) => (
          <Room key={room.name} session={session} room={room} people={people.get(room.name)} rooms={rooms} />
        ))}
      </ul>
    </section>
  );
}

function NewRoom({ session }: { session: AdminSession }) {
  const name = useSignal('');
  return (
    <form
      class="inline-form"
      onSubmit={(event) => {
        event.preventDefault();
        const room = name.value;
        void session
          .run((api) => api.createRoom(room), strings.created(room))
          .then((made) => {
            if (made !== undefined) name.value = '';
          });
      }}
    >
      <label class="field">
        <span class="field-label">{strings.newRoom}</span>
        <input
          required
          maxLength={64}
          placeholder={strings.roomName}
          data-testid="new-room"
          value={name.value}
          onInput={(event) => {
            name.value = event.currentTarget.value;
          }}
        />
      </label>
      <button type="submit" class="button" data-testid="create-room">
        {strings.createRoom}
      </button>
    </form>
  );
}

interface RoomProps {
  readonly session: AdminSession;
  readonly room: RoomStatus;
  readonly people: People | undefined;
  readonly rooms: readonly RoomStatus[];
}

function Room({ session, room, people, rooms }: RoomProps) {
  const { name, locked, permanent, hasPassword, participants, listeners, speaking, recordingId, node } = room;
  const isClosing = useSignal(false);
  const isChanging = useSignal(false);
  const isUnfolded = session.unfolded.value.has(name);
  const marks = [
    strings.roomCounts(participants, speaking),
    ...(node !== undefined ? [clusterStrings.at(node)] : []),
    ...(locked ? [strings.locked] : []),
    ...(hasPassword ? [strings.password] : []),
    ...(permanent ? [strings.permanent] : []),
    ...(listeners > 0 ? [recordingStrings.listeners(listeners)] : []),
    ...(recordingId !== null ? [strings.captured] : []),
  ];
  return (
    <li data-testid="room" data-room={name} data-locked={locked} data-node={node}>
      <div class="row">
        <button
          type="button"
          class="unfold"
          data-testid="unfold"
          aria-expanded={isUnfolded}
          onClick={() => session.toggle(name)}
        >
          <strong dir="auto">{name}</strong>
          <span class="quiet">{marks.join(', ')}</span>
        </button>
        <div class="actions">
          <button
            type="button"
            class="button"
            data-testid="lock"
            aria-label={locked ? strings.unlockRoom(name) : strings.lockRoom(name)}
            onClick={() => void session.run((api) => api.changeRoom(name, { locked: !locked }))}
          >
            {locked ? strings.unlock : strings.lock}
          </button>
          <button
            type="button"
            class="button"
            data-testid="room-settings"
            aria-label={strings.settingsOf(name)}
            onClick={() => {
              isChanging.value = true;
            }}
          >
            {strings.settings}
          </button>
          <button
            type="button"
            class="button button-danger"
            data-testid="close-room"
            aria-label={strings.closeRoom(name)}
            onClick={() => {
              isClosing.value = true;
            }}
          >
            {strings.close}
          </button>
        </div>
      </div>
      {isUnfolded && people !== undefined && (
        <>
          {people.participants.length === 0 && <p class="quiet">{strings.nobody}</p>}
          <ul class="persons">
            {people.participants.map((person) => (
              <Person key={person.id} session={session} person={person} rooms={rooms} />
            ))}
          </ul>
          {people.total > people.participants.length && (
            <p class="quiet">{strings.morePeople(people.participants.length, people.total)}</p>
          )}
          <Listeners
            session={session}
            room={name}
            forwards={people.forwards}
            listeners={people.listeners}
            count={listeners - people.forwards.length}
          />
          <Bans session={session} room={name} bans={people.bans} />
        </>
      )}
      {isChanging.value && (
        <RoomSettings
          session={session}
          room={room}
          onClose={() => {
            isChanging.value = false;
          }}
        />
      )}
      {isClosing.value && (
        <Dialog
          title={strings.closeRoomQuestion(name)}
          confirm={strings.close}
          isDangerous
          onConfirm={() => void session.run((api) => api.closeRoom(name), strings.closed(name))}
          onClose={() => {
            isClosing.value = false;
          }}
        />
      )}
    </li>
  );
}
