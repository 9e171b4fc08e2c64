import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Call } from './call.ts';
import {
  HandIcon,
  HeadphonesIcon,
  HeadphonesOffIcon,
  LeaveIcon,
  MicrophoneIcon,
  MicrophoneOffIcon,
  SettingsIcon,
} from './icons.tsx';
import { strings } from './language.ts';
import { LevelMeter } from './level-meter.tsx';
import { preferences } from './preferences.ts';
import { ShareButton } from './share/share-button.tsx';
import { actionOf, isTyping, keyName, type ShortcutAction } from './shortcuts.ts';
import { TalkButton } from './talk-button.tsx';
import { useToolbarKeys } from './toolbar-keys.ts';

const texts = strings.room;
const TALKING_DBFS = -42;
const LOOK_INTERVAL_MS = 150;
/** Several readings above the level within a short time count as talking; a single cough does not. */
const TALKING_LOOKS = 5;
const HINT_MS = 4000;

export function Controls({ call, onSettings }: { call: Call; onSettings: () => void }) {
  const hasMicrophone = call.microphone.track.value !== null;
  const isMuted = call.voice.muted.value;
  const isDeafened = call.voice.deafened.value;
  const isGateClosed = call.microphone.voice.gate.value?.isOpen === false;
  const toolbar = useRef<HTMLDivElement>(null);
  const maySpeak = call.self.value?.maySpeak !== false;
  useShortcuts(call);
  useToolbarKeys(toolbar);
  return (
    <footer class="dock">
      {maySpeak && hasMicrophone && isMuted && !isDeafened && <TalkingHint call={call} />}
      {maySpeak && hasMicrophone && (
        <LevelMeter microphone={call.microphone} isMuted={!call.voice.isSending.value || isGateClosed} />
      )}
      {maySpeak && hasMicrophone && <TalkButton call={call} />}
      <div ref={toolbar} class="dock-buttons" role="toolbar" aria-label={texts.controls}>
        {!maySpeak ? null : hasMicrophone ? (
          <DockButton
            id="mute"
            label={texts.mute}
            shortcut="mute"
            pressed={isMuted}
            disabled={call.self.value?.mutedByModerator === true}
            onClick={() => call.setMuted(!call.voice.muted.value)}
          >
            {isMuted ? <MicrophoneOffIcon /> : <MicrophoneIcon />}
          </DockButton>
        ) : (
          <DockButton id="add-microphone" label={strings.microphone.add} onClick={() => void call.useMicrophone()}>
            <MicrophoneOffIcon />
          </DockButton>
        )}
        <DockButton
          id="deafen"
          label={texts.deafen}
          shortcut="deafen"
          pressed={isDeafened}
          onClick={() => call.setDeafened(!call.voice.deafened.value)}
        >
          {isDeafened ? <HeadphonesOffIcon /> : <HeadphonesIcon />}
        </DockButton>
        <DockButton
          id="hand"
          label={strings.signals.hand}
          pressed={call.self.value?.handRaised === true}
          onClick={() => call.client.setPresence({ handRaised: call.self.value?.handRaised !== true })}
        >
          <HandIcon />
        </DockButton>
        <ShareButton call={call} />
        <DockButton id="settings" label={texts.settings} onClick={onSettings}>
          <SettingsIcon />
        </DockButton>
        <DockButton id="leave" label={texts.leave} onClick={() => call.leave()}>
          <LeaveIcon />
        </DockButton>
      </div>
    </footer>
  );
}

interface DockButtonProps {
  readonly id: string;
  readonly label: string;
  readonly shortcut?: ShortcutAction;
  /** Omitted for a button that is not a toggle. */
  readonly pressed?: boolean;
  readonly disabled?: boolean;
  readonly onClick: () => void;
  readonly children: ComponentChildren;
}

function DockButton({ id, label, shortcut, pressed, disabled, onClick, children }: DockButtonProps) {
  const { isOn, keys } = preferences.value.shortcuts;
  const key = shortcut === undefined || !isOn || keys[shortcut] === '' ? undefined : keyName(keys[shortcut]);
  return (
    <button
      type="button"
      class="dock-button"
      data-testid={id}
      aria-pressed={pressed}
      disabled={disabled}
      aria-keyshortcuts={key}
      title={key === undefined ? label : texts.keyHint(label, key)}
      onClick={onClick}
    >
      <span class="dock-icon">{children}</span>
      <span class="dock-label">{label}</span>
    </button>
  );
}

function TalkingHint({ call }: { call: Call }) {
  const isShown = useSignal(false);
  useEffect(() => {
    let looks = 0;
    let hideAtMs = 0;
    const timer = setInterval(() => {
      looks = call.microphone.levelDbfs() > TALKING_DBFS ? Math.min(looks + 1, TALKING_LOOKS) : Math.max(looks - 1, 0);
      if (looks === TALKING_LOOKS) hideAtMs = performance.now() + HINT_MS;
      isShown.value = performance.now() < hideAtMs;
    }, LOOK_INTERVAL_MS);
    return () => clearInterval(timer);
  }, [call]);
  return (
    <p class="talking-hint" role="status" data-testid="muted-but-talking" data-shown={isShown.value}>
      {isShown.value ? strings.microphone.mutedButTalking : ''}
    </p>
  );
}

function useShortcuts(call: Call): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (isTyping(event.target) || document.querySelector('dialog[open]') !== null) return;
      const action = actionOf(event, preferences.value.shortcuts);
      if (action === 'mute' && call.microphone.track.value !== null) call.setMuted(!call.voice.muted.value);
      else if (action === 'deafen') call.setDeafened(!call.voice.deafened.value);
    };
    addEventListener('keydown', onKeyDown);
    return () => removeEventListener('keydown', onKeyDown);
  }, [call]);
}
