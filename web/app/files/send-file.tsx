import { useRef } from 'preact/hooks';
import type { ParticipantInfo } from '../../../src/protocol/messages.ts';
import type { Call } from '../call.ts';
import { lateStrings } from '../late-strings.ts';

const texts = lateStrings.files;

/** Offers one person a file. */
export function SendFile({ call, person, onSent }: { call: Call; person: ParticipantInfo; onSent: () => void }) {
  const input = useRef<HTMLInputElement>(null);
  if (!call.files.isOffered) return null;
  const send = async (file: File) => {
    const isOffered = await call.files.send(person.id, file).catch(() => null);
    if (isOffered === null) call.notify(texts.notLoaded);
    else if (!isOffered) call.notify(texts.tooLarge);
    else onSent();
  };
  return (
    <>
      <input
        ref={input}
        type="file"
        hidden
        data-testid="file-input"
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          if (file !== undefined) void send(file);
          event.currentTarget.value = '';
        }}
      />
      <button type="button" class="button" data-testid="send-file" onClick={() => input.current?.click()}>
        {texts.send}
      </button>
      <span class="field-hint">{texts.hint}</span>
    </>
  );
}
