import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { Call } from './call.ts';
import { DevicePicker } from './device-picker.tsx';
import { strings } from './language.ts';
import { lateStrings } from './late-strings.ts';
import { LevelMeter } from './level-meter.tsx';
import { preferences, remember } from './preferences.ts';
import { testSound } from './test-sound.ts';

const texts = lateStrings.check;
const RECORD_MS = 3000;

type Doing = 'nothing' | 'recording' | 'playing';

/** Before joining: whether the microphone and the loudspeaker work, and which ones are used. */
export function SoundCheck({ call }: { call: Call }) {
  const doing = useSignal<Doing>('nothing');
  const isGone = useRef(false);
  useEffect(
    () => () => {
      isGone.current = true;
    },
    [],
  );
  const { track, failure } = call.microphone;
  const { inputs, outputs } = call.devices.value;
  const { inputId, outputId } = preferences.value;
  const play = async (sound: Blob) => {
    doing.value = 'playing';
    await playBlob(sound, outputId).catch(() => call.notify(strings.settings.outputFailed));
    doing.value = 'nothing';
  };
  const hearMyself = async () => {
    if (track.value === null) return;
    doing.value = 'recording';
    const sound = await record(track.value, RECORD_MS).catch(() => null);
    if (sound === null || isGone.current) doing.value = 'nothing';
    else await play(sound);
  };
  const isBusy = doing.value !== 'nothing';
  return (
    <fieldset class="field check" data-testid="sound-check">
      <legend class="field-label">{texts.title}</legend>
      {track.value === null ? (
        <button
          type="button"
          class="button"
          data-testid="test-microphone"
          disabled={call.isAskingMicrophone.value}
          onClick={() => void call.tryMicrophone()}
        >
          {call.isAskingMicrophone.value ? texts.asking : texts.microphone}
        </button>
      ) : (
        <>
          <LevelMeter microphone={call.microphone} isMuted={false} />
          <span class="field-hint">{texts.speak}</span>
          <DevicePicker
            id="check-input"
            label={lateStrings.settings.input}
            devices={inputs}
            selected={inputId}
            onSelect={(id) => {
              remember({ inputId: id });
              void call.tryMicrophone();
            }}
          />
          <button
            type="button"
            class="button"
            data-testid="hear-myself"
            disabled={isBusy}
            onClick={() => void hearMyself()}
          >
            {doing.value === 'recording' ? texts.recording : texts.hearMyself}
          </button>
        </>
      )}
      {failure.value !== null && track.value === null && (
        <p class="message message-error" role="alert" data-testid="check-failure">
          {strings.microphone.failures[failure.value.failure]}
        </p>
      )}
      {call.speaker.canChoose && outputs.length > 0 && (
        <DevicePicker
          id="check-output"
          label={lateStrings.settings.output}
          devices={outputs}
          selected={outputId}
          onSelect={(id) => void call.chooseOutput(id)}
        />
      )}
      {call.speaker.canAsk && (
        <button type="button" class="button" onClick={() => void call.askForOutput()}>
          {lateStrings.settings.chooseOutput}
        </button>
      )}
      <button
        type="button"
        class="button"
        data-testid="test-sound"
        data-doing={doing.value}
        disabled={isBusy}
        onClick={() => void play(new Blob([testSound()], { type: 'audio/wav' }))}
      >
        {doing.value === 'playing' ? texts.playing : texts.sound}
      </button>
    </fieldset>
  );
}

/** What the microphone gives during this time. */
async function record(track: MediaStreamTrack, durationMs: number): Promise<Blob> {
  const recorder = new MediaRecorder(new MediaStream([track]));
  const parts: Blob[] = [];
  recorder.ondataavailable = ({ data }) => parts.push(data);
  const ended = new Promise<void>((resolve, reject) => {
    recorder.onstop = () => resolve();
    recorder.onerror = () => reject(new Error('The recording failed.'));
  });
  recorder.start();
  const timer = setTimeout(() => recorder.stop(), durationMs);
  await ended;
  clearTimeout(timer);
  return new Blob(parts, { type: recorder.mimeType });
}

/** Resolves when it has been played on this device. */
async function playBlob(sound: Blob, outputId: string): Promise<void> {
  const url = URL.createObjectURL(sound);
  try {
    const element = new Audio(url);
    if (outputId !== '' && 'setSinkId' in element) await element.setSinkId(outputId);
    const ended = new Promise<void>((resolve, reject) => {
      element.onended = () => resolve();
      element.onerror = () => reject(new Error('The sound cannot be played.'));
    });
    await element.play();
    await ended;
  } finally {
    URL.revokeObjectURL(url);
  }
}
