/** Files for the browser's audio thread. */
export type Worklet = 'voice-gate' | 'strong-suppression';

/** Loads a file into the audio thread. */
export async function loadWorklet(context: AudioContext, worklet: Worklet): Promise<void> {
  await context.audioWorklet.addModule(fileOf('worklet', worklet));
}

/** The URL of a file for another thread. The page's HTML names it, because the build gives it a name with a hash. */
export function fileOf(kind: 'worklet' | 'worker', title: Worklet | 'media'): string {
  const link = document.querySelector<HTMLLinkElement>(`link[rel="${kind}"][title="${title}"]`);
  if (link === null) throw new Error(`The page does not name the ${kind} ${title}.`);
  return link.href;
}
