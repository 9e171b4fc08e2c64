import type { RoomPreview } from '../../src/protocol/rooms.ts';
import { strings } from './language.ts';
import { usePolled } from './polled.ts';
import { isRoomName, tidyRoomName } from './room-link.ts';

/** So that not every letter asks the server. */
const PAUSE_MS = 300;

/** Who is in this room already, if the server tells. */
export function Preview({ room }: { room: string }) {
  const name = tidyRoomName(room);
  const preview = usePolled<RoomPreview>(
    isRoomName(name) ? `/people?room=${encodeURIComponent(name)}` : null,
    PAUSE_MS,
  );
  if (preview === null) return null;
  return (
    <span
      class="field-hint"
      data-testid="preview"
      data-participants={preview.participants}
      dir="auto"
      aria-live="polite"
    >
      {preview.participants === 0
        ? strings.rooms.nobody
        : strings.rooms.inside(strings.someOf(preview.names, preview.participants))}
    </span>
  );
}
