/** What the tab of the browser shows of the call while another one is in front. */
import { effect } from '@preact/signals';
import type { Call } from '../call.ts';
import { strings } from '../language.ts';

export type TabState = 'open' | 'muted' | 'talking';

const COLOURS: Readonly<Record<TabState, string>> = { open: '#4338ca', muted: '#b3261e', talking: '#0b7a5c' };
const VOICES = '<path d="M14 12v8M19 7v18M24 10v12"/>';
const CROSSED = '<path d="M8 8l16 16"/>';

/** An icon as a `data:` URL: the logo in the colour of the state, crossed out while muted. */
export function tabIcon(state: TabState): string {
  const lines = state === 'muted' ? `${VOICES}${CROSSED}` : VOICES;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="${COLOURS[state]}"/><g fill="none" stroke="#fff" stroke-width="2.6" stroke-linecap="round"><path d="M8 14v4"/>${lines}</g></svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}

/** Keeps title and icon in step with the call. */
export function watchTab(call: Call): void {
  const link = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
  const usual = link?.href ?? '';
  effect(() => {
    const { status } = call.state.value;
    if (status !== 'connected' && status !== 'reconnecting') {
      if (link !== null) link.href = usual;
      return;
    }
    const isMuted = call.voice.muted.value || call.self.value?.maySpeak === false;
    const isTalking = !isMuted && call.voice.isSending.value && call.isSpeaking.value;
    const title = strings.roomTitle(call.room.value);
    document.title = isMuted ? strings.signals.mutedTitle(title) : title;
    const href = tabIcon(isMuted ? 'muted' : isTalking ? 'talking' : 'open');
    if (link !== null && link.href !== href) link.href = href;
  });
}
