import { useEffect, useRef } from 'preact/hooks';
import type { Call } from '../call.ts';
import { strings } from '../language.ts';

/** Chromium from 116, Firefox from 151. */
export interface PictureInPicture {
  requestWindow(size: { readonly width: number; readonly height: number }): Promise<Window>;
}

/** Undefined where the browser has it not. */
export const pictureInPicture = (globalThis as { documentPictureInPicture?: PictureInPicture })
  .documentPictureInPicture;

/** Opens the small window. It closes with the call. Nothing where the browser has none. */
export function MiniPlayerButton({ call }: { call: Call }) {
  const close = useRef(() => {});
  useEffect(() => () => close.current(), []);
  if (pictureInPicture === undefined) return null;
  const open = async (source: PictureInPicture) => {
    try {
      const { openMiniPlayer } = await import('./mini-player.tsx');
      close.current = await openMiniPlayer(call, source);
    } catch {
      call.notify(strings.mini.failed);
    }
  };
  return (
    <button
      type="button"
      class="button"
      data-testid="mini-open"
      title={strings.mini.hint}
      onClick={() => void open(pictureInPicture!)}
    >
      {strings.mini.open}
    </button>
  );
}
