import type { ClientMessageInput, ServerMessage } from '../../src/protocol/messages.ts';
import type { ListedRoom } from '../../src/protocol/rooms.ts';

/** The rooms that the operator lets people see. `VoiceClient.switchRoom` goes there. */
export class Rooms {
  readonly #send: (message: ClientMessageInput) => void;
  readonly #onChange: (list: readonly ListedRoom[] | null) => void;
  #isWatching = false;
  #list: readonly ListedRoom[] | null = null;

  /** @internal */
  constructor(send: (message: ClientMessageInput) => void, onChange: (list: readonly ListedRoom[] | null) => void) {
    this.#send = send;
    this.#onChange = onChange;
  }

  /** From now on the server sends the list and its changes, or no longer. It also holds for later joins. */
  watch(on: boolean): void {
    this.#isWatching = on;
    if (this.#list === null) return;
    this.#send({ type: 'watch_rooms', on });
    this.#tell([]);
  }

  /**
   * Every message of the server.
   * @internal
   */
  receive(message: ServerMessage): void {
    switch (message.type) {
      case 'joined':
        this.#tell(message.roomList ? [] : null);
        if (this.#isWatching) this.watch(true);
        break;
      case 'rooms':
        this.#tell(message.rooms);
        break;
      case 'rooms_changed': {
        const { rooms } = message;
        const gone = message.closed.concat(rooms.map(({ name }) => name));
        const others = this.#list?.filter(({ name }) => !gone.includes(name));
        if (this.#isWatching && others) this.#tell(others.concat(rooms));
        break;
      }
    }
  }

  #tell(list: readonly ListedRoom[] | null): void {
    this.#list = list;
    this.#onChange(list);
  }
}
