import { useSignal } from '@preact/signals';
import type { ChatFile as File } from '../../../src/protocol/chat.ts';
import { sizeText } from '../files/size-text.ts';
import { lateStrings } from '../late-strings.ts';

const texts = lateStrings.chat;

interface ChatFileProps {
  readonly file: File;
  /** See `ChatModel.fileKey`. */
  readonly fileKey: string;
  /** It has its size now, so what follows has moved. */
  readonly onShown: () => void;
}

/** A file of a line: an image that is shown, or a link that saves it. */
export function ChatFile({ file, fileKey, onShown }: ChatFileProps) {
  const isGone = useSignal(false);
  const { name, bytes, type } = file;
  const url = `/files/${file.id}?key=${encodeURIComponent(fileKey)}`;
  if (isGone.value) return <p class="quiet">{texts.fileGone(name)}</p>;
  if (!type.startsWith('image/'))
    return (
      <a class="chat-file" data-testid="chat-file" href={url} download={name} rel="noopener">
        <bdi>{name}</bdi> ({sizeText(bytes)})
      </a>
    );
  return (
    <a class="chat-file" data-testid="chat-file" href={url} target="_blank" rel="noopener">
      <img
        src={url}
        alt={texts.picture(name)}
        title={name}
        onLoad={onShown}
        onError={() => {
          isGone.value = true;
        }}
      />
    </a>
  );
}
