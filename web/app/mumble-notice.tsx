import type { MumbleNews } from '../../src/protocol/mumble-news.ts';
import { lateStrings } from './late-strings.ts';

const texts = lateStrings.mumble;

export function MumbleNotice({ news }: { readonly news: MumbleNews }) {
  const text = textOf(news);
  return (
    text !== undefined && (
      <p class="message message-notice" role="status" data-testid="mumble-notice" data-state={news.state}>
        {text}
      </p>
    )
  );
}

function textOf(news: MumbleNews): string | undefined {
  switch (news.state) {
    case 'away':
      return texts.awayReasons[news.reason];
    case 'shared':
      return texts.shared(news.name);
    case 'silenced':
      return texts.silenced;
    case 'withheld':
      return texts.withheld;
    default:
      return undefined;
  }
}
