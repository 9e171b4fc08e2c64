import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import type { ParticipantInfo } from '../../../src/protocol/messages.ts';
import { browserEnvironment } from '../../sdk/environment.ts';
import type { Call } from '../call.ts';
import { Dialog } from '../dialog.tsx';
import { NoteIcon } from '../icons.tsx';
import { strings } from '../language.ts';
import { lateStrings } from '../late-strings.ts';
import { ModerateButton } from '../moderation.tsx';
import { socketUrl } from '../room-link.ts';
import { VolumeButton } from '../volume.tsx';
import { SoundShare } from './sound-share.ts';
import { canShareTab, fileSound, type SoundSource, SourceError, tabSound } from './sound-source.ts';

const texts = lateStrings.share;

/** The tiles of what is shared. They are not people, so they have a list of their own. */
export function SharedSounds({ call }: { readonly call: Call }) {
  const shared = [...call.share.shared.value.values()];
  return (
    <>
      {shared.length > 0 && (
        <div class="people" data-density="rows">
          <ul class="list" data-testid="shared-sounds" aria-label={texts.title}>
            {shared.map((sound) => (
              <SharedSound key={sound.id} call={call} sound={sound} />
            ))}
          </ul>
        </div>
      )}
      {call.share.isAsking.value && <ShareDialog call={call} />}
    </>
  );
}

function SharedSound({ call, sound }: { readonly call: Call; readonly sound: ParticipantInfo }) {
  const owner = call.participants.value.get(sound.owner ?? '');
  const name = texts.musicOf(owner?.name ?? sound.name);
  const isOwn = sound.owner === call.client.participantId;
  const isHeard = call.levels.value.has(sound.id);
  const gain = call.hearing.value.get(sound.id) ?? 1;
  const named = { ...sound, name };
  return (
    <li
      class="person shared-sound"
      data-testid="shared-sound"
      data-owner={sound.owner}
      data-own={isOwn}
      data-speaking={isHeard}
      data-gain={gain}
      style={{ '--hue': String(call.appearances.value.get(sound.owner ?? '')?.hue ?? 0), '--loudness': '0.5' }}
    >
      <span class="avatar" aria-hidden="true">
        <NoteIcon />
      </span>
      <span class="person-title">
        <span class="person-name" dir="auto" title={name}>
          {name}
        </span>
      </span>
      <span class="person-status">
        <span class="status-words">
          {isOwn ? texts.yours : sound.muted ? strings.room.muted : isHeard ? texts.playing : texts.silent}
        </span>
      </span>
      {!isOwn && <VolumeButton call={call} person={named} gain={gain} />}
      {call.self.value?.mayModerate && !isOwn && <ModerateButton call={call} person={named} />}
    </li>
  );
}

function ShareDialog({ call }: { readonly call: Call }) {
  const input = useRef<HTMLInputElement>(null);
  const problem = useSignal('');
  const close = () => {
    call.share.isAsking.value = false;
  };
  const begin = async (open: Promise<SoundSource>) => {
    problem.value = '';
    try {
      const source = await open;
      // It may have been cancelled, or the call may have ended.
      if (!call.share.isAsking.value) {
        source.close();
        return;
      }
      share(call, source);
      close();
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      problem.value = error.failure === 'cancelled' ? '' : texts.failures[error.failure];
    }
  };
  return (
    <Dialog labelledBy="share-title" testId="share-dialog" onClose={close}>
      <h2 id="share-title">{strings.share.share}</h2>
      <p class="quiet">{texts.hint}</p>
      <div class="share-choices">
        {canShareTab() && (
          <button type="button" class="button" data-testid="share-tab" onClick={() => void begin(tabSound())}>
            {texts.tab}
          </button>
        )}
        <input
          ref={input}
          type="file"
          accept="audio/*,video/*"
          hidden
          data-testid="share-file-input"
          onChange={({ currentTarget }) => {
            const file = currentTarget.files?.[0];
            if (file !== undefined) void begin(fileSound(file));
            currentTarget.value = '';
          }}
        />
        <button type="button" class="button" data-testid="share-file" onClick={() => input.current?.click()}>
          {texts.file}
        </button>
        <button type="button" class="button" onClick={close}>
          {lateStrings.files.cancel}
        </button>
      </div>
      <p class="field-problem" role="alert" data-testid="share-problem">
        {problem.value}
      </p>
    </Dialog>
  );
}

/** From now on the room hears it. */
function share(call: Call, source: SoundSource): void {
  const { own } = call.share;
  own.value?.stop();
  const one: SoundShare = new SoundShare({
    server: socketUrl(location),
    room: call.room.value,
    secret: call.share.secret,
    source,
    environment: browserEnvironment,
    onEnded: (code, message) => {
      if (own.value === one) own.value = null;
      if (code === null || code === 'owner_left') return;
      // The general text for `kicked` is about people.
      call.notify(code === 'kicked' ? texts.removed : strings.problem(code, message));
    },
  });
  own.value = one;
}
