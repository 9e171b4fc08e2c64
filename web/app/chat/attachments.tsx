import { type Signal, signal, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { FileRules } from '../../../src/protocol/chat.ts';
import { VoiceError } from '../../sdk/voice-error.ts';
import type { Call } from '../call.ts';
import { sizeText } from '../files/size-text.ts';
import { strings } from '../language.ts';
import { lateStrings } from '../late-strings.ts';
import { prepare } from './picture.ts';
import { upload } from './upload.ts';

const texts = lateStrings.chat;

interface Upload {
  readonly id: number;
  readonly name: string;
  readonly progress: Signal<number>;
  readonly abort: AbortController;
}

interface AttachmentsProps {
  readonly call: Call;
  readonly rules: FileRules;
  /** The only receiver; empty for everyone. */
  readonly to: string;
  readonly onProblem: (text: string) => void;
}

let uploads = 0;

/** Sends files by a button, by dropping them on the chat, and by pasting them; each is a message of its own. */
export function Attachments({ call, rules, to, onProblem }: AttachmentsProps) {
  const input = useRef<HTMLInputElement>(null);
  const running = useSignal<readonly Upload[]>([]);
  const receiver = useRef(to);
  receiver.current = to;
  const isOpen = useRef(true);

  const sendOne = async (file: File, one: Upload, to: string) => {
    const { chat } = call.client;
    const retryAfterMs = call.chat.slowModeWaitMs;
    // Otherwise the server would say so only after the upload.
    if (to === '' && retryAfterMs > 0 && call.self.value?.mayModerate !== true)
      throw new VoiceError('slow_mode', '', retryAfterMs);
    const prepared = await prepare(file);
    if (prepared.content.size === 0) throw new VoiceError('file_too_large', '');
    one.abort.signal.throwIfAborted();
    const id = await upload(prepared, {
      offer: (name, bytes) => chat.offerFile(name, bytes),
      onProgress: (progress) => {
        one.progress.value = progress;
      },
      signal: one.abort.signal,
    });
    one.abort.signal.throwIfAborted();
    await chat.say('', { file: id, ...(to !== '' && { to }) });
  };
  const send = async (files: Iterable<File>) => {
    // The receiver may be another when the last of several files is sent.
    const to = receiver.current;
    onProblem('');
    for (const file of files) {
      if (!isOpen.current) return;
      uploads += 1;
      const one = { id: uploads, name: file.name, progress: signal(0), abort: new AbortController() };
      running.value = [...running.value, one];
      await sendOne(file, one, to).catch((error: unknown) => {
        if (one.abort.signal.aborted) return;
        onProblem(strings.failed(error));
      });
      running.value = running.value.filter((other) => other !== one);
    }
  };
  useEffect(() => {
    const panel = input.current?.closest('aside');
    const take = (event: DragEvent | ClipboardEvent) => {
      const data = event instanceof DragEvent ? event.dataTransfer : event.clipboardData;
      if (data === null || data.files.length === 0) return;
      // Office programs add a picture of the text that was copied.
      if (event instanceof ClipboardEvent && data.types.includes('text/plain')) return;
      event.preventDefault();
      void send(Array.from(data.files));
    };
    const allow = (event: DragEvent) => {
      if (event.dataTransfer?.types.includes('Files')) event.preventDefault();
    };
    panel?.addEventListener('drop', take);
    panel?.addEventListener('paste', take);
    panel?.addEventListener('dragover', allow);
    return () => {
      panel?.removeEventListener('drop', take);
      panel?.removeEventListener('paste', take);
      panel?.removeEventListener('dragover', allow);
      isOpen.current = false;
      for (const { abort } of running.peek()) abort.abort();
    };
  }, []);
  return (
    <>
      {running.value.map(({ id, name, progress, abort }) => (
        <p key={id} class="chat-upload" data-testid="chat-upload" role="status">
          <bdi>{name}</bdi>
          <progress value={progress} aria-label={lateStrings.files.progress(name)} />
          <button type="button" class="button" data-testid="chat-upload-cancel" onClick={() => abort.abort()}>
            {lateStrings.files.cancel}
          </button>
        </p>
      ))}
      <input
        ref={input}
        type="file"
        multiple
        hidden
        data-testid="chat-file-input"
        onChange={({ currentTarget }) => {
          void send(Array.from(currentTarget.files ?? []));
          currentTarget.value = '';
        }}
      />
      <button
        type="button"
        class="button"
        data-testid="chat-attach"
        title={texts.attachHint(sizeText(rules.maxBytes), rules.keptMinutes)}
        onClick={() => input.current?.click()}
      >
        {texts.attach}
      </button>
    </>
  );
}
