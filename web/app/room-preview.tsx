import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { RoomPreview } from '../../src/protocol/rooms.ts';
import { strings } from './language.ts';
import { isRoomName, tidyRoomName } from './room-link.ts';

/** So that not every letter asks the server. */
const PAUSE_MS = 300;
const REFRESH_MS = 10_000;

/** Who is in this room already, if the server tells. */
export function Preview({ room }: { room: string }) {
  const preview = useSignal<RoomPreview | null>(null);
  const name = tidyRoomName(room);
  useEffect(() => {
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout>;
    const ask = async () => {
      if (!document.hidden) {
        const answer = isRoomName(name) ? await askFor(name, stop.signal) : null;
        if (stop.signal.aborted) return;
        preview.value = answer;
        // A room that is not for everyone seldom becomes so while somebody looks at the form.
        if (answer === null) return;
      }
      timer = setTimeout(() => void ask(), REFRESH_MS);
    };
    // What was known of another room.
    preview.value = null;
    timer = setTimeout(() => void ask(), PAUSE_MS);
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [name]);
  if (preview.value === null) return null;
  return (
    <span
      class="field-hint"
      data-testid="preview"
      data-participants={preview.value.participants}
      dir="auto"
      aria-live="polite"
    >
      {preview.value.participants === 0
        ? strings.rooms.nobody
        : strings.rooms.inside(strings.someOf(preview.value.names, preview.value.participants))}
    </span>
  );
}

async function askFor(room: string, signal: AbortSignal): Promise<RoomPreview | null> {
  try {
    const answer = await fetch(`/people?room=${encodeURIComponent(room)}`, { signal, cache: 'no-store' });
    return answer.ok ? ((await answer.json()) as RoomPreview | null) : null;
  } catch {
    return null;
  }
}
