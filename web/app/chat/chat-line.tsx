import type { ChatEntry } from '../../sdk/chat.ts';
import { lateStrings } from '../late-strings.ts';
import { ChatFile } from './chat-file.tsx';
import { type ChatPart, partsOf } from './chat-format.ts';

const texts = lateStrings.chat;

interface ChatLineProps {
  readonly line: ChatEntry;
  readonly isOwn: boolean;
  readonly isForMe: boolean;
  readonly mayDelete: boolean;
  /** See `ChatModel.fileKey`. */
  readonly fileKey: string;
  /** A picture in it has its size now. */
  readonly onShown: () => void;
  readonly onEdit: () => void;
  readonly onDelete: () => void;
}

/** One line, with everything in it as text. */
export function ChatLine({ line, isOwn, isForMe, mayDelete, fileKey, onShown, onEdit, onDelete }: ChatLineProps) {
  const at = new Date(line.atMs);
  return (
    <li class="chat-line" data-testid="chat-line" data-own={isOwn} data-for-me={isForMe} tabIndex={-1}>
      <p class="chat-who">
        <bdi class="chat-name">{line.name}</bdi>
        {line.to !== null && <span class="quiet">{texts.privately}</span>}
        <time class="quiet" dateTime={at.toISOString()}>
          {at.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })}
        </time>
        {line.edited && <span class="quiet">{texts.edited}</span>}
        {line.to === null && isOwn && (
          <button type="button" class="chat-action" data-testid="chat-edit" onClick={onEdit}>
            {texts.edit}
          </button>
        )}
        {line.to === null && mayDelete && (
          <button type="button" class="chat-action" data-testid="chat-delete" onClick={onDelete}>
            {texts.delete}
          </button>
        )}
      </p>
      <div class="chat-text" dir="auto" data-testid="chat-text">
        {partsOf(line.text).map((part, index) => (
          <Part key={index} part={part} />
        ))}
      </div>
      {line.file !== undefined && <ChatFile file={line.file} fileKey={fileKey} onShown={onShown} />}
    </li>
  );
}

function Part({ part }: { readonly part: ChatPart }) {
  switch (part.kind) {
    case 'text':
      return <>{part.text}</>;
    case 'bold':
      return <strong>{part.text}</strong>;
    case 'code':
      return <code>{part.text}</code>;
    case 'link':
      return (
        <a href={part.href} target="_blank" rel="noopener noreferrer nofollow" dir="ltr">
          {part.text}
          {part.host !== null && <span class="quiet"> ({part.host})</span>}
        </a>
      );
  }
}
