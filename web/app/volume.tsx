import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import type { ParticipantInfo } from '../../src/protocol/messages.ts';
import type { Call } from './call.ts';
import { Dialog } from './dialog.tsx';
import { SendFile } from './files/send-file.tsx';
import { SpeakerIcon, SpeakerOffIcon } from './icons.tsx';
import { strings } from './language.ts';
import { Slider } from './slider.tsx';

const texts = strings.volume;
const MAX_GAIN = 2;
const STEP = 0.05;

interface VolumeProps {
  readonly call: Call;
  readonly person: ParticipantInfo;
  /** The gain with which this participant hears the person. */
  readonly gain: number;
}

/** The volume of this person for this participant alone. */
export function VolumeButton(props: VolumeProps) {
  const isOpen = useSignal(false);
  return (
    <>
      <button
        type="button"
        class="volume"
        data-testid="volume"
        aria-label={texts.open(props.person.name)}
        aria-haspopup="dialog"
        onClick={() => {
          isOpen.value = true;
        }}
      >
        {props.gain === 0 ? <SpeakerOffIcon /> : <SpeakerIcon />}
      </button>
      {isOpen.value && (
        <VolumeDialog
          {...props}
          onClose={() => {
            isOpen.value = false;
          }}
        />
      )}
    </>
  );
}

export function VolumeDialog({ call, person, gain, onClose }: VolumeProps & { readonly onClose: () => void }) {
  /** The gain to restore when the voice is unmuted. */
  const lastGain = useRef(gain === 0 ? 1 : gain);
  const hear = (wanted: number) => {
    if (wanted > 0) lastGain.current = wanted;
    call.client.hear(person.id, wanted);
  };
  return (
    <Dialog class="moderation" labelledBy="volume-title" onClose={onClose}>
      <h2 id="volume-title" dir="auto">
        {person.name}
      </h2>
      <p class="quiet">{texts.onlyForYou}</p>
      <Slider
        id="volume-slider"
        label={texts.volume}
        least={0}
        most={MAX_GAIN}
        step={STEP}
        value={gain}
        text={texts.percent(gain)}
        onInput={hear}
      />
      <label class="switch">
        <span>{texts.mute}</span>
        <input
          type="checkbox"
          data-testid="volume-mute"
          checked={gain === 0}
          onChange={(event) => hear(event.currentTarget.checked ? 0 : lastGain.current)}
        />
      </label>
      <SendFile call={call} person={person} onSent={onClose} />
      <button type="button" class="button" data-testid="volume-close" onClick={onClose}>
        {texts.close}
      </button>
    </Dialog>
  );
}
