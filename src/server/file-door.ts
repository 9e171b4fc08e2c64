import type { FileDoor } from '../http/files.ts';
import { MAX_PIECE_BYTES } from '../rooms/chat/file-store.ts';
import type { RoomRegistry } from '../rooms/registry.ts';

/** The files of the chats as the page's server sees them. */
export function fileDoor(registry: RoomRegistry): FileDoor {
  const { store } = registry.files;
  return {
    maxPieceBytes: MAX_PIECE_BYTES,
    missing: (grant) => store.missing(grant),
    append: (grant, at, piece) => store.append(grant, at, piece),
    abandon: (grant) => store.abandon(grant),
    read: (id, key) => registry.files.read(id, key),
  };
}
