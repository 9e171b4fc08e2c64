import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Call } from '../call.ts';

const SHOWN_MS = 5000;

/** What has just happened in the room, for a few seconds. Screen readers read it out. */
export function EventLine({ call }: { readonly call: Call }) {
  const isShown = useSignal(false);
  const lines = call.signals.lines.value;
  useEffect(() => {
    if (lines === 0) return;
    isShown.value = true;
    const timer = setTimeout(() => {
      isShown.value = false;
    }, SHOWN_MS);
    return () => clearTimeout(timer);
  }, [lines]);
  return (
    <p class="event-line" aria-live="polite" dir="auto" data-testid="announcement" data-shown={isShown.value}>
      {call.signals.line.value}
    </p>
  );
}
