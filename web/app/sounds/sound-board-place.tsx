import type { Call } from '../call.ts';
import { strings } from '../language.ts';
import { useLazy } from '../lazy.ts';

/** The sounds that somebody may play, for those with the right, for whom the code is loaded. */
export function SoundBoardPlace({ call }: { readonly call: Call }) {
  const load = () => import('./sound-board.tsx').then((loaded) => loaded.SoundBoard);
  const Board = useLazy(call.sounds.key.value !== null, load, () => call.notify(strings.settings.notLoaded));
  return Board && <Board call={call} />;
}
