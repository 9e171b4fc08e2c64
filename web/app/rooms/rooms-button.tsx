import type { Call } from '../call.ts';
import { strings } from '../language.ts';
import { useLazy } from '../lazy.ts';

/** Opens the list of rooms. Nothing if there is none. */
export function RoomsButton({ call }: { readonly call: Call }) {
  if (call.rooms.list.value === null) return null;
  const { isOpen } = call.rooms;
  return (
    <button
      type="button"
      class="button rooms-button"
      data-testid="rooms-open"
      aria-expanded={isOpen.value}
      onClick={() => {
        isOpen.value = !isOpen.value;
      }}
    >
      {strings.rooms.title}
    </button>
  );
}

/** The panel, whose code is loaded when it is first opened. */
export function RoomsPanel({ call }: { readonly call: Call }) {
  const load = () => import('./rooms-panel.tsx').then((loaded) => loaded.RoomsPanel);
  const Panel = useLazy(call.rooms.isShown.value, load, () => {
    call.rooms.isOpen.value = false;
    call.notify(strings.rooms.notLoaded);
  });
  return Panel && <Panel call={call} />;
}
