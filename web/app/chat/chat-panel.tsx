import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { Call } from '../call.ts';
import { strings } from '../language.ts';
import { lateStrings } from '../late-strings.ts';
import { ChatInput } from './chat-input.tsx';
import { ChatLine } from './chat-line.tsx';
import type { ChatModel } from './chat-model.ts';

const texts = lateStrings.chat;
const SLOW_MODES = [0, 5, 10, 30, 60, 300];
/** Closer to the end than this, the panel follows new lines. */
const NEAR_END_PX = 80;

export function ChatPanel({ call, chat }: { readonly call: Call; readonly chat: ChatModel }) {
  const log = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  const editing = useSignal<{ readonly id: string; readonly text: string } | null>(null);
  const { lines, rules } = chat.state.value;
  const self = call.self.value;
  const ownId = call.client.participantId;
  const others = [...call.participants.value.values()].filter(({ id }) => id !== ownId);
  const follow = () => {
    if (isAtEnd.current) log.current?.scrollTo({ top: log.current.scrollHeight });
  };
  useEffect(follow, [lines]);
  const remove = (id: string) => void call.client.chat.unsay(id).catch((error) => call.notify(strings.failed(error)));
  const leaveKeys = () => {
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
  };
  return (
    <aside class="chat card" data-testid="chat" aria-labelledby="chat-title">
      <header class="chat-header">
        <h2 id="chat-title">{strings.chat.title}</h2>
        <button type="button" class="button" data-testid="chat-close" onClick={() => chat.close()}>
          {texts.close}
        </button>
      </header>
      <p class="quiet chat-kept" data-testid="chat-kept">
        {rules === null ? '' : texts.kept(rules.keptLines, rules.keptHours)}
      </p>
      <div
        ref={log}
        class="chat-log"
        role="log"
        aria-live="polite"
        aria-label={strings.chat.title}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it
        tabIndex={0}
        onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
          isAtEnd.current = scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
        }}
        onKeyDown={moveFocus}
      >
        <ol>
          {lines.map((line) => (
            <ChatLine
              key={line.id}
              line={line}
              isOwn={line.from === ownId}
              isForMe={chat.isForMe(line)}
              mayDelete={line.from === ownId || self?.mayModerate === true}
              fileKey={chat.fileKey}
              onShown={follow}
              onEdit={() => {
                editing.value = line;
              }}
              onDelete={() => remove(line.id)}
            />
          ))}
        </ol>
      </div>
      {self?.mayModerate === true && rules !== null && (
        <label class="chat-slow">
          {texts.slowMode}
          <select
            data-testid="chat-slow"
            value={rules.slowModeSeconds}
            onChange={({ currentTarget }) => void call.client.moderation.setSlowMode(Number(currentTarget.value))}
          >
            {[...new Set([...SLOW_MODES, rules.slowModeSeconds])].map((seconds) => (
              <option key={seconds} value={seconds}>
                {seconds === 0 ? texts.slowModeOff : texts.seconds(seconds)}
              </option>
            ))}
          </select>
        </label>
      )}
      {rules !== null && rules.slowModeSeconds > 0 && (
        <p class="quiet chat-kept" data-testid="chat-slow-note">
          {texts.slow(rules.slowModeSeconds)}
        </p>
      )}
      {self?.mayChat === false ? (
        <p class="quiet chat-kept">{texts.mayNot}</p>
      ) : (
        <ChatInput
          call={call}
          others={others}
          editing={editing.value}
          files={rules?.files}
          onDone={() => {
            editing.value = null;
          }}
          onEscape={leaveKeys}
        />
      )}
    </aside>
  );
}

/** Arrow keys go from line to line. */
function moveFocus(event: KeyboardEvent & { readonly currentTarget: HTMLElement }): void {
  if (event.key !== 'ArrowUp' && event.key !== 'ArrowDown') return;
  const lines = [...event.currentTarget.querySelectorAll<HTMLElement>('.chat-line')];
  const at = lines.findIndex((line) => line.contains(document.activeElement));
  const next = at === -1 ? lines.at(-1) : lines[at + (event.key === 'ArrowDown' ? 1 : -1)];
  next?.focus();
  event.preventDefault();
}
