/** Files for the browser's audio thread. */
export type Worklet = 'voice-gate' | 'strong-suppression';

/** Loads a file into the audio thread. The page's HTML names it, because the build gives it a name with a hash. */
export async function loadWorklet(context: AudioContext, worklet: Worklet): Promise<void> {
  const link = document.querySelector<HTMLLinkElement>(`link[rel="worklet"][title="${worklet}"]`);
  if (link === null) throw new Error(`The page does not name the worklet ${worklet}.`);
  await context.audioWorklet.addModule(link.href);
}
