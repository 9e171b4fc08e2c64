import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

const REFRESH_MS = 10_000;

/**
 * The JSON at an address of this server, asked for again and again while the page is visible. Null until it is known,
 * for another address than before, and if the server does not tell it, which ends the questions.
 * @param address null: there is nothing to ask
 * @param delayMs before the first question
 */
export function usePolled<Answer>(address: string | null, delayMs = 0): Answer | null {
  const answer = useSignal<Answer | null>(null);
  useEffect(() => {
    answer.value = null;
    if (address === null) return;
    const stop = new AbortController();
    let timer = setTimeout(() => void ask(), delayMs);
    const ask = async () => {
      if (!document.hidden) {
        const found = await fetchJson<Answer>(address, stop.signal);
        if (stop.signal.aborted) return;
        answer.value = found;
        if (found === null) return;
      }
      timer = setTimeout(() => void ask(), REFRESH_MS);
    };
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [address]);
  return answer.value;
}

async function fetchJson<Answer>(address: string, signal: AbortSignal): Promise<Answer | null> {
  try {
    const response = await fetch(address, { signal, cache: 'no-store' });
    return response.ok ? ((await response.json()) as Answer | null) : null;
  } catch {
    return null;
  }
}
