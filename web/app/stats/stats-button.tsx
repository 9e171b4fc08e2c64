import { useSignal } from '@preact/signals';
import type { Call } from '../call.ts';
import { lateStrings } from '../late-strings.ts';
import { useLazy } from '../lazy.ts';

/** Opens the statistics, whose code is loaded then. */
export function StatsButton({ call }: { call: Call }) {
  const isOpen = useSignal(false);
  const close = () => {
    isOpen.value = false;
  };
  const load = () => import('./stats-panel.tsx').then(({ StatsPanel }) => StatsPanel);
  const Panel = useLazy(isOpen.value, load, () => {
    close();
    call.notify(lateStrings.stats.notLoaded);
  });
  return (
    <>
      <button
        type="button"
        class="button"
        data-testid="stats-open"
        aria-haspopup="dialog"
        onClick={() => {
          isOpen.value = true;
        }}
      >
        {lateStrings.stats.open}
      </button>
      {Panel && <Panel call={call} onClose={close} />}
    </>
  );
}
