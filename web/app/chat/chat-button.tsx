import type { Call } from '../call.ts';
import { strings } from '../language.ts';
import { useLazy } from '../lazy.ts';
import type { ChatModel } from './chat-model.ts';

const texts = strings.chat;

interface ChatProps {
  readonly call: Call;
  readonly chat: ChatModel;
}

/** Opens the chat, and says how much is new in it. Nothing in rooms without a chat. */
export function ChatButton({ chat }: { readonly chat: ChatModel }) {
  if (chat.state.value.rules === null) return null;
  const { lines, isForMe } = chat.unread.value;
  return (
    <button
      type="button"
      class="button chat-button"
      data-testid="chat-open"
      data-unread={lines}
      data-for-me={isForMe}
      aria-expanded={chat.isOpen.value}
      onClick={() => (chat.isOpen.value ? chat.close() : chat.open())}
    >
      {texts.title}
      {lines > 0 && (
        <span class="chat-unread">
          {isForMe ? '@' : ''}
          {lines} <span class="for-screen-readers">{texts.unread}</span>
        </span>
      )}
    </button>
  );
}

/** The panel, whose code is loaded when it is first opened. */
export function Chat(props: ChatProps) {
  const { call, chat } = props;
  const load = () => import('./chat-panel.tsx').then(({ ChatPanel }) => ChatPanel);
  const Panel = useLazy(chat.isOpen.value, load, () => {
    chat.close();
    call.notify(texts.notLoaded);
  });
  return Panel && <Panel {...props} />;
}
