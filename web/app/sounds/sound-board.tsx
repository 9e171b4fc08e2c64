import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Call } from '../call.ts';
import { language, strings } from '../language.ts';
import { soundTexts } from './sound-texts.ts';

/** A button for each sound, and one that ends them. Nothing if the server has no sounds. */
export function SoundBoard({ call }: { readonly call: Call }) {
  const sounds = useSignal<readonly string[]>([]);
  const key = call.sounds.key.value ?? '';
  const room = call.room.value;
  const texts = soundTexts[language.tag];
  const ask = async (method: string, file?: string): Promise<Response> => {
    const query = new URLSearchParams({ room, key });
    const body = file === undefined ? {} : { body: JSON.stringify({ file }) };
    const response = await fetch(`/sounds?${query}`, { method, ...body });
    if (response.ok) return response;
    const { code = '', detail = '' } = (await response.json().catch(() => ({}))) as { code?: string; detail?: string };
    throw new Error(strings.problem(code, detail));
  };
  const tell = (error: unknown) => call.notify(error instanceof Error ? error.message : String(error));
  useEffect(() => {
    ask('GET')
      .then(async (response) => {
        sounds.value = ((await response.json()) as { readonly sounds: readonly string[] }).sounds;
      })
      .catch(() => {
        sounds.value = [];
      });
  }, [room, key]);
  if (sounds.value.length === 0) return null;
  return (
    <section class="button-row" aria-label={texts.title} data-testid="sound-board">
      {sounds.value.map((file) => (
        <button key={file} type="button" class="button" dir="auto" onClick={() => void ask('POST', file).catch(tell)}>
          {file.replace(/\.[^.]*$/, '')}
        </button>
      ))}
      <button type="button" class="button" data-testid="stop-sounds" onClick={() => void ask('DELETE').catch(tell)}>
        {texts.stop}
      </button>
    </section>
  );
}
