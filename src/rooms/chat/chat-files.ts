import type { Participant } from '../participant.ts';
import type { Room } from '../room.ts';
import { FileStore, type FileStoreOptions, type StoredFile } from './file-store.ts';

/** The files of the chats of all rooms, for the participants in these rooms. */
export class ChatFiles {
  readonly store: FileStore;
  readonly #rooms: ReadonlyMap<string, Room>;

  /** @param rooms the open ones by key */
  constructor(options: FileStoreOptions, rooms: ReadonlyMap<string, Room>) {
    this.store = new FileStore(options);
    this.#rooms = rooms;
  }

  get areAllowed(): boolean {
    return this.store.limits.maxBytes > 0;
  }

  /**
   * Promises a participant a place for a file, and returns the grant for its upload. `address` is as limits count it.
   * Throws what `RoomChat.checkFilesOf` and `FileStore.offer` throw.
   */
  offer(participant: Participant, file: { readonly name: string; readonly bytes: number }, address: string): string {
    this.#rooms.get(participant.roomKey)?.chat.checkFilesOf(participant);
    return this.store.offer({ id: participant.id, address }, file);
  }

  /** Reads a file for a participant with this `fileKey`, who must be in its room. Throws `unknown_chat_file`. */
  read(id: string, fileKey: string): StoredFile {
    return this.store.read(id, (room, readers) => {
      const reader = this.#rooms.get(room)?.everybody.find((participant) => participant.fileKey.is(fileKey));
      return reader !== undefined && readers?.has(reader.id) !== false;
    });
  }
}
