import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { Call } from './call.ts';
import { Banners, ConnectionStatus } from './connection-status.tsx';
import { Controls } from './controls.tsx';
import { CheckIcon, LinkIcon, Logo } from './icons.tsx';
import { People } from './people.tsx';
import { SettingsDialog } from './settings-dialog.tsx';
import { strings } from './strings.ts';

const COPIED_MS = 2000;

export function RoomView({ call }: { call: Call }) {
  const areSettingsOpen = useSignal(false);
  const heading = useRef<HTMLHeadingElement>(null);
  // The focused button disappears with the form, so the focus moves here for screen readers and the Tab key.
  useEffect(() => heading.current?.focus(), []);
  return (
    <div class="room">
      <header class="room-header">
        <Logo />
        <h1 ref={heading} tabIndex={-1} dir="auto" data-testid="room-name">
          {call.room.value}
        </h1>
        <CopyLink />
        <ConnectionStatus call={call} />
      </header>
      <main>
        <Banners call={call} />
        <p class="message message-notice" role="status" data-testid="notice" hidden={call.notice.value === ''}>
          {call.notice.value}
        </p>
        <People call={call} />
        <p class="for-screen-readers" aria-live="polite" data-testid="announcement">
          {call.announcement.value}
        </p>
      </main>
      <Controls
        call={call}
        onSettings={() => {
          areSettingsOpen.value = true;
        }}
      />
      <SettingsDialog call={call} isOpen={areSettingsOpen} />
    </div>
  );
}

function CopyLink() {
  const isCopied = useSignal(false);
  const copy = async () => {
    // The clipboard works only on secure origins; the address bar shows the same link.
    await navigator.clipboard?.writeText(location.href);
    isCopied.value = true;
    setTimeout(() => {
      isCopied.value = false;
    }, COPIED_MS);
  };
  if (navigator.clipboard === undefined) return null;
  return (
    <button type="button" class="button copy-link" data-testid="copy-link" onClick={() => void copy().catch(() => {})}>
      {isCopied.value ? <CheckIcon /> : <LinkIcon />}
      <span aria-live="polite">{isCopied.value ? strings.room.linkCopied : strings.room.copyLink}</span>
    </button>
  );
}
