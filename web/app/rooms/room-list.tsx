import { useSignal } from '@preact/signals';
import { Component } from 'preact';
import type { ListedRoom } from '../../../src/protocol/rooms.ts';
import { LockIcon } from '../icons.tsx';
import { strings } from '../language.ts';
import { isSameRoom } from '../room-link.ts';
import { matchingRooms, type RoomNode, roomTree } from './room-tree.ts';

const texts = strings.rooms;
/** From here on it is quicker to search than to look. */
const SEARCHED = 15;

interface RoomListProps {
  readonly rooms: readonly ListedRoom[];
  /** The room that this participant is in; null before a join. */
  readonly here: string | null;
  /** The room to which they are on their way. */
  readonly goingTo: string | null;
  readonly onChoose: (room: ListedRoom) => void;
}

/** Rooms as nested lists of buttons, with who is inside. */
export function RoomList(props: RoomListProps) {
  const search = useSignal('');
  const { rooms } = props;
  const isSearched = rooms.length >= SEARCHED;
  const shown = isSearched ? matchingRooms(rooms, search.value) : rooms;
  return (
    <div class="rooms-list">
      {isSearched && (
        <input
          type="search"
          class="search"
          data-testid="rooms-search"
          aria-label={texts.search}
          placeholder={texts.search}
          value={search.value}
          onInput={(event) => {
            search.value = event.currentTarget.value;
          }}
        />
      )}
      <Nodes {...props} nodes={roomTree(shown)} />
      {shown.length === 0 && (
        <p class="quiet" role="status">
          {rooms.length === 0 ? texts.none : texts.notFound}
        </p>
      )}
    </div>
  );
}

function Nodes({ nodes, ...props }: RoomListProps & { readonly nodes: readonly RoomNode[] }) {
  if (nodes.length === 0) return null;
  return (
    <ul class="rooms-nodes">
      {nodes.map((node) => (
        <li key={node.key}>
          {node.room === null ? (
            <details open>
              <summary class="rooms-group" dir="auto">
                {node.label}
              </summary>
              <Nodes {...props} nodes={node.children} />
            </details>
          ) : (
            <>
              <Room
                room={node.room}
                label={node.label}
                isHere={props.here !== null && isSameRoom(node.room.name, props.here)}
                isNext={props.goingTo === node.room.name}
                onChoose={props.onChoose}
              />
              <Nodes {...props} nodes={node.children} />
            </>
          )}
        </li>
      ))}
    </ul>
  );
}

interface RoomProps {
  /** Another object if anything of it has changed. */
  readonly room: ListedRoom;
  readonly label: string;
  readonly isHere: boolean;
  /** This participant is on the way there. */
  readonly isNext: boolean;
  readonly onChoose: (room: ListedRoom) => void;
}

/** Draws only what has changed: a list has up to 500 rooms, in which somebody begins or stops to talk all the time. */
class Room extends Component<RoomProps> {
  override shouldComponentUpdate({ room, label, isHere, isNext }: RoomProps): boolean {
    const now = this.props;
    return room !== now.room || label !== now.label || isHere !== now.isHere || isNext !== now.isNext;
  }

  override render(props: RoomProps) {
    // The latest one, although a new one alone draws nothing.
    return <RoomEntry {...props} onChoose={(room) => this.props.onChoose(room)} />;
  }
}

function RoomEntry({ room, label, isHere, isNext, onChoose }: RoomProps) {
  const { participants, people, description } = room;
  const closed = isHere ? '' : whatKeepsOut(room);
  const more = (participants ?? 0) - people.length;
  return (
    <>
      <button
        type="button"
        class="rooms-room"
        data-testid="rooms-room"
        data-room={room.name}
        data-participants={participants}
        aria-current={isHere ? 'true' : undefined}
        aria-busy={isNext}
        title={room.name}
        onClick={() => {
          if (!isHere) onChoose(room);
        }}
      >
        <bdi class="rooms-name">{label}</bdi>
        {closed !== '' && (
          <span class="rooms-closed">
            <LockIcon />
            <span class="for-screen-readers">{closed}</span>
          </span>
        )}
        {participants !== null && participants > 0 && (
          <span class="rooms-count">
            <span aria-hidden="true">{participants}</span>
            <span class="for-screen-readers">{texts.count(participants)}</span>
          </span>
        )}
        {isHere && <span class="for-screen-readers">{texts.here}</span>}
      </button>
      {description !== '' && (
        <p class="rooms-description quiet" dir="auto">
          {description}
        </p>
      )}
      {people.length > 0 && (
        <ul class="rooms-people" aria-label={texts.inside(room.name)}>
          {people.map(({ name, speaking }, index) => (
            <li key={index} class="rooms-person" data-testid="rooms-person" data-speaking={speaking}>
              <bdi>{name}</bdi>
              {speaking && <span class="for-screen-readers">{strings.room.speaking}</span>}
            </li>
          ))}
          {more > 0 && <li class="rooms-person quiet">{texts.more(more)}</li>}
        </ul>
      )}
    </>
  );
}

function whatKeepsOut({ locked, entry }: ListedRoom): string {
  if (locked) return texts.locked;
  return entry === 'open' ? '' : texts[entry];
}
