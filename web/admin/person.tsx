import { useSignal } from '@preact/signals';
import type { AdminSession } from './admin-session.ts';
import type { ParticipantStatus, RoomStatus } from './api.ts';
import { Dialog } from './dialog.tsx';
import { strings } from './strings.ts';

const BAN_MINUTES = 60;
/** Loss above this is audible even with redundancy. */
const BAD_LOSS = 0.05;

interface PersonProps {
  readonly session: AdminSession;
  readonly person: ParticipantStatus;
  readonly rooms: readonly RoomStatus[];
}

/** One participant, with the actions for them. */
export function Person({ session, person, rooms }: PersonProps) {
  const asked = useSignal<'kick' | 'ban' | 'move' | null>(null);
  const { name, identity, address, mutedByModerator, levelDbov, maySpeak } = person;
  const close = () => {
    asked.value = null;
  };
  const action = (what: 'kick' | 'ban' | 'move', label: string, full: string, style = '') => (
    <button
      type="button"
      class={`button ${style}`}
      data-testid={what}
      aria-label={full}
      onClick={() => {
        asked.value = what;
      }}
    >
      {label}
    </button>
  );
  return (
    <li
      class="row"
      data-testid="person"
      data-name={name}
      data-speaking={levelDbov !== null}
      data-held-muted={mutedByModerator}
    >
      <div class="who">
        <span dir="auto">{name}</span>
        {identity !== null && (
          <span class="quiet" dir="auto">
            {identity}
          </span>
        )}
        {address !== null && (
          <span class="quiet" data-testid="address">
            {address}
          </span>
        )}
        <span class={levelDbov === null ? 'quiet' : 'speaking-word'}>{stateText(person)}</span>
        <Network {...person.network} />
      </div>
      <div class="actions">
        {maySpeak && (
          <button
            type="button"
            class="button"
            data-testid="mute"
            aria-label={mutedByModerator ? strings.allowWho(name) : strings.muteWho(name)}
            onClick={() => void session.run((api) => api.mute(person, !mutedByModerator))}
          >
            {mutedByModerator ? strings.allow : strings.mute}
          </button>
        )}
        {action('move', strings.move, strings.moveWho(name))}
        {action('kick', strings.kick, strings.kickWho(name), 'button-danger')}
        {identity !== null && action('ban', strings.ban, strings.banWho(name), 'button-danger')}
      </div>
      {asked.value === 'kick' && (
        <Dialog
          title={strings.kickQuestion(name)}
          confirm={strings.kick}
          isDangerous
          onConfirm={() => void session.run((api) => api.kick(person, 0), strings.kicked(name))}
          onClose={close}
        />
      )}
      {asked.value === 'ban' && (
        <Dialog
          title={strings.banQuestion(name, BAN_MINUTES)}
          confirm={strings.ban}
          isDangerous
          onConfirm={() => void session.run((api) => api.kick(person, BAN_MINUTES * 60), strings.kicked(name))}
          onClose={close}
        />
      )}
      {asked.value === 'move' && <MoveDialog session={session} person={person} rooms={rooms} onClose={close} />}
    </li>
  );
}

/** The quality of their media path, as far as it has been reported. */
function Network({ incoming, outgoing, roundTripMs }: ParticipantStatus['network']) {
  const directions = [
    { direction: 'incoming', label: strings.fromThem, reception: incoming },
    { direction: 'outgoing', label: strings.toThem, reception: outgoing },
  ];
  return (
    <div class="network" data-testid="network">
      {directions.map(
        ({ direction, label, reception }) =>
          reception !== null && (
            <span key={direction} data-direction={direction} data-bad={reception.lossRatio >= BAD_LOSS}>
              {label} {strings.reception(reception.lossRatio, reception.jitterMs)}
            </span>
          ),
      )}
      {roundTripMs !== null && <span>{strings.roundTrip(roundTripMs)}</span>}
    </div>
  );
}

function MoveDialog({ session, person, rooms, onClose }: PersonProps & { onClose: () => void }) {
  const room = useSignal('');
  const others = rooms.filter(({ name }) => name !== person.room);
  return (
    <Dialog
      title={strings.moveWho(person.name)}
      confirm={strings.move}
      onConfirm={() => {
        const to = room.value;
        void session.run((api) => api.move(person, to), strings.moved(person.name, to));
      }}
      onClose={onClose}
    >
      <label class="field">
        <span class="field-label">{strings.moveTo}</span>
        <input
          required
          maxLength={64}
          list="rooms-to-move-to"
          data-testid="move-to"
          value={room.value}
          onInput={(event) => {
            room.value = event.currentTarget.value;
          }}
        />
        <datalist id="rooms-to-move-to">
          {others.map(({ name }) => (
            <option key={name} value={name} />
          ))}
        </datalist>
      </label>
    </Dialog>
  );
}

function stateText(person: ParticipantStatus): string {
  const { levelDbov, muted, mutedByModerator, maySpeak, microphone, deafened, mayModerate, connected, captured } =
    person;
  const voice = !maySpeak
    ? strings.listener
    : mutedByModerator
      ? strings.mutedByModerator
      : microphone === 'none'
        ? strings.noMicrophone
        : muted
          ? strings.muted
          : levelDbov === null
            ? strings.quiet
            : strings.talking(Math.round(levelDbov));
  return [
    voice,
    ...(deafened ? [strings.deafened] : []),
    ...(mayModerate ? [strings.moderator] : []),
    ...(connected ? [] : [strings.connecting]),
    ...(captured ? [strings.captured] : []),
  ].join(', ');
}
