import { useSignal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Call } from './call.ts';
import { Chat, ChatButton } from './chat/chat-button.tsx';
import { Banners, ConnectionStatus } from './connection-status.tsx';
import { Controls } from './controls.tsx';
import { CopyLink, LinkToCopy } from './copy-link.tsx';
import { Logo } from './icons.tsx';
import { strings } from './language.ts';
import { useLazy } from './lazy.ts';
import { LeaveDialog } from './leave-dialog.tsx';
import { MumblePlace } from './mumble-place.tsx';
import { People } from './people.tsx';
import { RecordingBanner } from './recording/recording-banner.tsx';
import { RoomsButton, RoomsPanel } from './rooms/rooms-button.tsx';
import { Shared } from './share/share-button.tsx';
import { EventLine } from './signals/event-line.tsx';
import { SoundBoardPlace } from './sounds/sound-board-place.tsx';
import { MiniPlayerButton } from './system/mini-player-button.tsx';

export function RoomView({ call }: { call: Call }) {
  const areSettingsOpen = useSignal(false);
  const closeSettings = () => {
    areSettingsOpen.value = false;
  };
  const loadSettings = () => import('./settings-dialog.tsx').then(({ SettingsDialog }) => SettingsDialog);
  const Settings = useLazy(areSettingsOpen.value, loadSettings, () => {
    closeSettings();
    call.notify(strings.settings.notLoaded);
  });
  const heading = useRef<HTMLHeadingElement>(null);
  const main = useRef<HTMLElement>(null);
  const Transfers = call.files.view.value;
  useScrollStop(main);
  // The focused button disappears with the form, so the focus moves here for screen readers and the Tab key.
  useEffect(() => heading.current?.focus(), []);
  return (
    <div class="room" data-rooms={call.rooms.isShown.value}>
      <header class="room-header">
        <Logo />
        <h1 ref={heading} tabIndex={-1} dir="auto" data-testid="room-name">
          {call.room.value}
        </h1>
        <RoomsButton call={call} />
        <ChatButton chat={call.chat} />
        <MiniPlayerButton call={call} />
        <CopyLink call={call} />
        <ConnectionStatus call={call} />
      </header>
      <RoomsPanel call={call} />
      <main ref={main}>
        <Banners call={call} />
        <RecordingBanner call={call} />
        <MumblePlace call={call} />
        <LinkToCopy call={call} />
        {Transfers !== null && <Transfers />}
        <p class="message message-notice" role="status" data-testid="notice" hidden={call.notice.value === ''}>
          {call.notice.value}
        </p>
        <Shared call={call} />
        <SoundBoardPlace call={call} />
        <People call={call} />
      </main>
      <EventLine call={call} />
      <Chat call={call} chat={call.chat} />
      <Controls
        call={call}
        onSettings={() => {
          areSettingsOpen.value = true;
        }}
      />
      {Settings && <Settings call={call} onClose={closeSettings} />}
      {call.isAskingToLeave.value && <LeaveDialog call={call} />}
    </div>
  );
}

/** Lets the keyboard scroll what does not fit. Without anything to scroll, another stop would only be in the way. */
function useScrollStop(scroller: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    const look = () => {
      if (element.scrollHeight > element.clientHeight) element.tabIndex = 0;
      else element.removeAttribute('tabindex');
    };
    look();
    const observer = new ResizeObserver(look);
    observer.observe(element);
    for (const child of element.children) observer.observe(child);
    return () => observer.disconnect();
  }, []);
}
