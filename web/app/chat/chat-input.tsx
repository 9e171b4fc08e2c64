import { useSignal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { FileRules } from '../../../src/protocol/chat.ts';
import type { ParticipantInfo } from '../../../src/protocol/messages.ts';
import type { Call } from '../call.ts';
import { strings } from '../language.ts';
import { lateStrings } from '../late-strings.ts';
import { Attachments } from './attachments.tsx';
import { begunMention, completed, mentionsIn, suggestions } from './mentions.ts';

const texts = lateStrings.chat;
const MAX_LENGTH = 2000;

interface ChatInputProps {
  readonly call: Call;
  readonly others: readonly ParticipantInfo[];
  /** The own line that is being changed; null for a new one. */
  readonly editing: { readonly id: string; readonly text: string } | null;
  /** Undefined if the server takes no files. */
  readonly files: FileRules | undefined;
  readonly onDone: () => void;
  /** Gives the keys back to the room. */
  readonly onEscape: () => void;
}

export function ChatInput({ call, others, editing, files, onDone, onEscape }: ChatInputProps) {
  const field = useRef<HTMLTextAreaElement>(null);
  const text = useSignal('');
  const to = useSignal('');
  const problem = useSignal('');
  const offered = useSignal<readonly ParticipantInfo[]>([]);
  const chosen = useSignal(0);
  // Before the next key, which would be lost otherwise.
  useLayoutEffect(() => {
    if (editing !== null) text.value = editing.text;
    field.current?.focus();
  }, [editing?.id]);

  const send = async () => {
    // Browsers and other programs put tabs into what is pasted; the server takes no control characters.
    const written = text.value.replaceAll('\t', '    ').trim();
    if (written === '') return;
    const mentions = mentionsIn(written, others);
    const { chat } = call.client;
    try {
      if (editing !== null) await chat.edit(editing.id, written, mentions);
      else await chat.say(written, { mentions, ...(to.value !== '' && { to: to.value }) });
      text.value = '';
      problem.value = '';
      onDone();
    } catch (error) {
      problem.value = strings.failed(error);
    }
  };
  const complete = (name: string) => {
    const { current } = field;
    if (current === null) return;
    const result = completed(text.value, current.selectionStart, name);
    text.value = current.value = result.text;
    current.setSelectionRange(result.caret, result.caret);
    offered.value = [];
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const count = offered.value.length;
    const name = offered.value[chosen.value]?.name;
    if (event.isComposing) return;
    if (event.key === 'Escape') {
      if (count > 0) offered.value = [];
      else if (editing !== null) {
        text.value = '';
        onDone();
      } else onEscape();
    } else if (count > 0 && (event.key === 'ArrowDown' || event.key === 'ArrowUp'))
      chosen.value = (chosen.value + (event.key === 'ArrowDown' ? 1 : count - 1)) % count;
    else if (name !== undefined && (event.key === 'Enter' || event.key === 'Tab')) complete(name);
    else if (event.key === 'Enter' && !event.shiftKey) void send();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <form
      class="chat-form"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      {offered.value.length > 0 && (
        <div class="chat-offers card" id="chat-offers" role="listbox" aria-label={texts.mention}>
          {offered.value.map(({ id, name }, index) => (
            <div
              key={id}
              id={`chat-offer-${index}`}
              role="option"
              tabIndex={-1}
              class="chat-offer"
              data-testid="chat-offer"
              aria-selected={index === chosen.value}
              onPointerDown={(event) => {
                event.preventDefault();
                complete(name);
              }}
            >
              <bdi>{name}</bdi>
            </div>
          ))}
        </div>
      )}
      <p class="field-problem" role="alert" data-testid="chat-problem">
        {problem.value}
      </p>
      <textarea
        ref={field}
        class="chat-input"
        data-testid="chat-input"
        dir={text.value === '' ? undefined : 'auto'}
        rows={2}
        maxLength={MAX_LENGTH}
        aria-label={editing === null ? texts.write : texts.editing}
        placeholder={editing === null ? texts.write : texts.editing}
        aria-autocomplete="list"
        aria-controls={offered.value.length > 0 ? 'chat-offers' : undefined}
        aria-activedescendant={offered.value.length > 0 ? `chat-offer-${chosen.value}` : undefined}
        value={text.value}
        onInput={({ currentTarget }) => {
          text.value = currentTarget.value;
          const begun = begunMention(currentTarget.value, currentTarget.selectionStart);
          offered.value = begun === null ? [] : suggestions(begun, others);
          chosen.value = 0;
        }}
        onKeyDown={onKeyDown}
      />
      <div class="chat-send">
        <select
          data-testid="chat-to"
          aria-label={texts.to}
          value={to.value}
          disabled={editing !== null}
          onChange={({ currentTarget }) => {
            to.value = currentTarget.value;
          }}
        >
          <option value="">{texts.everyone}</option>
          {others.map(({ id, name }) => (
            <option key={id} value={id}>
              {texts.only(name)}
            </option>
          ))}
        </select>
        {files !== undefined && (
          <Attachments
            call={call}
            rules={files}
            to={to.value}
            onProblem={(sentence) => {
              problem.value = sentence;
            }}
          />
        )}
        <button type="submit" class="button button-primary" data-testid="chat-send">
          {editing === null ? texts.send : texts.save}
        </button>
      </div>
    </form>
  );
}
