import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { lateStrings } from '../late-strings.ts';
import { isRoomName, tidyRoomName } from '../room-link.ts';

/** Leads to the provider of accounts and back to the room, if this server has one. */
export function SignInLink({ room }: { readonly room: string }) {
  const provider = useSignal<string | null>(null);
  const name = tidyRoomName(room);
  useEffect(() => {
    fetch('/sign-in/offer')
      .then((response) => response.json())
      .then((offer: { readonly label: string } | null) => {
        provider.value = offer?.label ?? null;
      })
      // Without an answer nothing is offered.
      .catch(() => {});
  }, []);
  if (provider.value === null || !isRoomName(name)) return null;
  return (
    <a class="button sign-in" data-testid="sign-in" href={`/sign-in?room=${encodeURIComponent(name)}`}>
      {lateStrings.signIn(provider.value)}
    </a>
  );
}
