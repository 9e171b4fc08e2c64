import { useRef } from 'preact/hooks';
import { Dialog } from './dialog.tsx';
import { SendFile } from './files/send-file.tsx';
import { strings } from './language.ts';
import { Slider } from './slider.tsx';
import type { VolumeProps } from './volume.tsx';

const texts = strings.volume;
const MAX_GAIN = 2;
const STEP = 0.05;

export interface VolumeDialogProps extends VolumeProps {
  readonly onClose: () => void;
}

export function VolumeDialog({ call, person, gain, onClose }: VolumeDialogProps) {
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
      {person.role === undefined && person.via === undefined && (
        <SendFile call={call} person={person} onSent={onClose} />
      )}
      <button type="button" class="button" data-testid="volume-close" onClick={onClose}>
        {texts.close}
      </button>
    </Dialog>
  );
}
