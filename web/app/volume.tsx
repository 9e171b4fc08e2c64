import { useSignal } from '@preact/signals';
import type { ParticipantInfo } from '../../src/protocol/messages.ts';
import type { Call } from './call.ts';
import { SpeakerIcon, SpeakerOffIcon } from './icons.tsx';
import { strings } from './language.ts';
import { useLazy } from './lazy.ts';

const texts = strings.volume;

export interface VolumeProps {
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
        <LateVolumeDialog
          {...props}
          onClose={() => {
            isOpen.value = false;
          }}
        />
      )}
    </>
  );
}

/** Its code is loaded when it is first opened. */
export function LateVolumeDialog(props: VolumeProps & { readonly onClose: () => void }) {
  const load = () => import('./volume-dialog.tsx').then(({ VolumeDialog }) => VolumeDialog);
  const Loaded = useLazy(true, load, () => {
    props.onClose();
    props.call.notify(strings.settings.notLoaded);
  });
  return Loaded && <Loaded {...props} />;
}
