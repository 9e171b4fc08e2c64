import { effect } from '@preact/signals';
import type { Call } from '../call.ts';
import { strings } from '../language.ts';
import { MediaControls } from './media-controls.ts';
import { ScreenLock } from './screen-lock.ts';

/** Lets the system know about the call: lock screen, headset buttons, and on phones the screen, which stays on. */
export function showOnSystem(call: Call): void {
  const controls = new MediaControls({
    toggleMicrophone: () => call.setMuted(!call.voice.muted.value),
    hangUp: () => call.leave(),
  });
  const screen = new ScreenLock();
  const isPhone = matchMedia('(pointer: coarse)').matches;
  effect(() => screen.keepOn(isPhone && call.isInCall));
  effect(() => {
    if (!call.isInCall) return controls.show(null);
    const isMicrophoneActive = call.microphone.track.value !== null && !call.voice.muted.value;
    const people = strings.room.count(call.participants.value.size);
    controls.show({ room: call.room.value, people, isMicrophoneActive });
  });
}
