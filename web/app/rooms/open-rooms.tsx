import { type Signal, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { ListedRoom } from '../../../src/protocol/rooms.ts';
import { strings } from '../language.ts';
import type { RoomList } from './room-list.tsx';

const REFRESH_MS = 10_000;

/** The rooms that people may see before they join one, if the operator shows them. */
export function OpenRooms({ onChoose }: { readonly onChoose: (room: string) => void }) {
  const rooms = useSignal<readonly ListedRoom[] | null>(null);
  const list: Signal<typeof RoomList | null> = useSignal(null);
  const isOpen = useSignal(false);
  useEffect(() => {
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async () => {
      if (!document.hidden) {
        const answer = await askForRooms(stop.signal);
        if (stop.signal.aborted) return;
        rooms.value = answer;
        if (answer === null) return;
        list.value ??= await import('./room-list.tsx').then(
          (loaded) => loaded.RoomList,
          () => null,
        );
      }
      if (!stop.signal.aborted) timer = setTimeout(() => void ask(), REFRESH_MS);
    };
    void ask();
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, []);
  const List = list.value;
  if (List === null || rooms.value === null || rooms.value.length === 0) return null;
  return (
    <details
      class="rooms-before-join"
      data-testid="open-rooms"
      open={isOpen.value}
      onToggle={(event) => {
        isOpen.value = event.currentTarget.open;
      }}
    >
      <summary>{strings.rooms.open(rooms.value.length)}</summary>
      <List
        rooms={rooms.value}
        here={null}
        goingTo={null}
        onChoose={({ name }) => {
          isOpen.value = false;
          onChoose(name);
        }}
      />
    </details>
  );
}

async function askForRooms(signal: AbortSignal): Promise<readonly ListedRoom[] | null> {
  try {
    const answer = await fetch('/room-list', { signal, cache: 'no-store' });
    return answer.ok ? ((await answer.json()) as readonly ListedRoom[] | null) : null;
  } catch {
    return null;
  }
}
