import { useSignal } from '@preact/signals';
import type { ListedRoom } from '../../../src/protocol/rooms.ts';
import { strings } from '../language.ts';
import { useLazy } from '../lazy.ts';
import { usePolled } from '../polled.ts';

/** The rooms that people may see before they join one, if the operator shows them. */
export function OpenRooms({ onChoose }: { readonly onChoose: (room: string) => void }) {
  const rooms = usePolled<readonly ListedRoom[]>('/room-list');
  const List = useLazy(rooms !== null, () => import('./room-list.tsx').then(({ RoomList }) => RoomList));
  const isOpen = useSignal(false);
  if (List === null || rooms === null || rooms.length === 0) return null;
  return (
    <details
      class="rooms-before-join"
      data-testid="open-rooms"
      open={isOpen.value}
      onToggle={(event) => {
        isOpen.value = event.currentTarget.open;
      }}
    >
      <summary>{strings.rooms.open(rooms.length)}</summary>
      <List
        rooms={rooms}
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
