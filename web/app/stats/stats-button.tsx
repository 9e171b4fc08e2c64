import { type Signal, useSignal } from '@preact/signals';
import type { FunctionComponent } from 'preact';
import type { Call } from '../call.ts';
import { strings } from '../language.ts';

interface PanelProps {
  readonly call: Call;
  readonly onClose: () => void;
}

/** Opens the statistics, whose code is loaded then. */
export function StatsButton({ call }: { call: Call }) {
  const panel: Signal<FunctionComponent<PanelProps> | null> = useSignal(null);
  const open = () =>
    import('./stats-panel.tsx').then(
      ({ StatsPanel }) => {
        panel.value = StatsPanel;
      },
      () => call.notify(strings.stats.notLoaded),
    );
  const Panel = panel.value;
  return (
    <>
      <button type="button" class="button" data-testid="stats-open" aria-haspopup="dialog" onClick={() => void open()}>
        {strings.stats.open}
      </button>
      {Panel !== null && (
        <Panel
          call={call}
          onClose={() => {
            panel.value = null;
          }}
        />
      )}
    </>
  );
}
