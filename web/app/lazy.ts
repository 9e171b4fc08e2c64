import { type Signal, useSignal } from '@preact/signals';
import type { FunctionComponent } from 'preact';
import { useEffect } from 'preact/hooks';

/**
 * A component whose code is loaded when it is first wanted, and null until then. If it cannot be loaded, `failed` is
 * called, and the next wish tries again.
 */
export function useLazy<Props>(
  isWanted: boolean,
  load: () => Promise<FunctionComponent<Props>>,
  failed: () => void = () => {},
): FunctionComponent<Props> | null {
  const component: Signal<FunctionComponent<Props> | null> = useSignal(null);
  useEffect(() => {
    if (!isWanted || component.value !== null) return;
    load().then((loaded) => {
      component.value = loaded;
    }, failed);
  }, [isWanted]);
  return isWanted ? component.value : null;
}
