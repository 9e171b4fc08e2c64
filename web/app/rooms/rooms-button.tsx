import { type Signal, useSignal } from '@preact/signals';
import type { FunctionComponent } from 'preact';
import { useEffect } from 'preact/hooks';
import type { Call } from '../call.ts';
import { strings } from '../language.ts';

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
  const panel: Signal<FunctionComponent<{ call: Call }> | null> = useSignal(null);
  const isShown = call.rooms.isShown.value;
  useEffect(() => {
    if (!isShown || panel.value !== null) return;
    import('./rooms-panel.tsx').then(
      (loaded) => {
        panel.value = loaded.RoomsPanel;
      },
      () => {
        call.rooms.isOpen.value = false;
        call.notify(strings.rooms.notLoaded);
      },
    );
  }, [isShown]);
  const Panel = panel.value;
  return isShown && Panel !== null ? <Panel call={call} /> : null;
}
