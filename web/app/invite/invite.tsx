import type { Call } from '../call.ts';
import { CopyLink } from '../copy-link.tsx';
import { strings } from '../language.ts';
import { useLazy } from '../lazy.ts';
import { pathOfRoom } from '../room-link.ts';

const texts = strings.invite;

/** What an empty room offers: ways to get others here. */
export function Invite({ call }: { readonly call: Call }) {
  // If it cannot be loaded, there are other ways.
  const Picture = useLazy(true, () => import('./qr-picture.tsx').then(({ QrPicture }) => QrPicture));
  if (call.entry.value === 'token') return <p class="quiet centered">{strings.room.aloneWithToken}</p>;
  const link = new URL(pathOfRoom(call.room.value), location.href).href;
  return (
    <section class="invite card" data-testid="invite" aria-label={texts.title}>
      <div class="invite-words">
        <p>{strings.room.alone}</p>
        <p class="invite-link" data-testid="invite-link">
          {decodeURI(link)}
        </p>
        <div class="actions">
          <CopyLink call={call} testId="invite-copy" />
          {'share' in navigator && (
            <button
              type="button"
              class="button"
              data-testid="invite-share"
              onClick={() => void share(strings.roomTitle(call.room.value), link)}
            >
              {texts.share}
            </button>
          )}
        </div>
      </div>
      {Picture !== null && <Picture text={link} />}
    </section>
  );
}

async function share(title: string, url: string): Promise<void> {
  try {
    await navigator.share({ title, url });
  } catch {
    // They have closed the sheet, or there is none; the link can be copied.
  }
}
