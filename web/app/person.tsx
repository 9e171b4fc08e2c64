import { useComputed } from '@preact/signals';
import type { ParticipantInfo } from '../../src/protocol/messages.ts';
import type { Call } from './call.ts';
import { talkStatus, WhisperButton } from './channels.tsx';
import {
  AwayIcon,
  EarIcon,
  HandIcon,
  HeadphonesOffIcon,
  MicrophoneOffIcon,
  ProgramIcon,
  SignalIcon,
} from './icons.tsx';
import { strings } from './language.ts';
import { ModerateButton } from './moderation.tsx';
import { AwayButton } from './signals/presence-buttons.tsx';
import { VolumeButton } from './volume.tsx';

const texts = strings.room;
/** The ring around a speaker grows between these levels. */
const FAINT_DBOV = -55;
const LOUD_DBOV = -15;

interface PersonProps {
  readonly call: Call;
  readonly person: ParticipantInfo;
  readonly isSelf: boolean;
  /** For a list of which only a part is drawn; otherwise null. */
  readonly place: { readonly at: number; readonly of: number } | null;
}

export function Person({ call, person, isSelf, place }: PersonProps) {
  // A tile is rendered again only when its own level changes, not whenever anyone speaks.
  const level = useComputed(() => call.levels.value.get(person.id) ?? null);
  const isSpeaking = level.value !== null && !person.muted;
  const loudness = isSpeaking ? ((level.value ?? FAINT_DBOV) - FAINT_DBOV) / (LOUD_DBOV - FAINT_DBOV) : 0;
  const gain = useComputed(() => call.hearing.value.get(person.id) ?? 1).value;
  const look = useComputed(() => call.appearances.value.get(person.id)).value;
  const talk = talkStatus(call, person.id);
  const whispers = call.channels.value.talking.get(person.id)?.whispers === true;
  const mayWhisper = call.channels.value.mayWhisper && call.self.value?.maySpeak === true;
  // In a large room one may look at people who are not listed, and who are not heard.
  const isListed = useComputed(() => call.participants.value.has(person.id)).value;
  const isProgram = person.via !== undefined && person.via !== 'mumble' && person.via !== 'websocket';
  const status = [
    talk,
    person.handRaised ? strings.signals.handRaised : null,
    person.away ? strings.signals.away : null,
    gain === 1 ? null : gain === 0 ? strings.volume.muted : strings.volume.changed(gain),
    person.connected ? null : texts.connecting,
    statusOfVoice(person),
    isProgram ? texts.viaProgram : person.deafened ? texts.deafened : null,
    person.via === 'mumble' ? texts.viaMumble : null,
    person.connection === undefined || person.connection === 'good' ? null : strings.signals.quality[person.connection],
    person.captured ? texts.captured : null,
    person.mayModerate ? texts.moderates : null,
  ].filter((text) => text !== null);
  const sounds = isProgram ? texts.viaProgram : texts.speaking;
  const words = isSpeaking ? (talk ?? sounds) : status.join(strings.separator);

  return (
    <li
      class="person"
      data-testid="participant"
      data-participant-id={person.id}
      data-self={isSelf}
      data-speaking={isSpeaking}
      data-muted={person.muted}
      data-muted-by-moderator={person.mutedByModerator}
      data-listens={!person.maySpeak}
      data-microphone={person.microphone}
      data-deafened={person.deafened}
      data-connected={person.connected}
      data-captured={person.captured}
      data-hand-raised={person.handRaised === true}
      data-away={person.away === true}
      data-connection={person.connection ?? 'good'}
      data-via={person.via}
      data-whispers={whispers}
      data-gain={gain}
      aria-posinset={place?.at}
      aria-setsize={place?.of}
      style={{ '--hue': String(look?.hue ?? 0), '--loudness': Math.min(1, Math.max(0, loudness)).toFixed(2) }}
    >
      <span class="avatar" aria-hidden="true">
        {look?.initials}
        <span class="badges">
          {person.handRaised && (
            <span class="badge badge-hand">
              <HandIcon />
            </span>
          )}
          {person.away && (
            <span class="badge badge-quiet">
              <AwayIcon />
            </span>
          )}
          {person.connection !== undefined && person.connection !== 'good' && (
            <span class="badge badge-connection" data-connection={person.connection}>
              <SignalIcon />
            </span>
          )}
          {person.microphone === 'none' ? (
            <span class="badge badge-quiet">
              <EarIcon />
            </span>
          ) : (
            person.muted && (
              <span class="badge">
                <MicrophoneOffIcon />
              </span>
            )
          )}
          {isProgram && (
            <span class="badge badge-quiet">
              <ProgramIcon />
            </span>
          )}
          {person.deafened && !isProgram && (
            <span class="badge">
              <HeadphonesOffIcon />
            </span>
          )}
        </span>
      </span>
      <span class="person-title">
        <span class="person-name" dir="auto" title={person.name}>
          {person.name}
        </span>
        {look !== undefined && look.number !== null && (
          <span class="person-number" title={texts.sameName(look.number)}>
            {look.number}
          </span>
        )}
      </span>
      <span class="person-status" title={words}>
        {isSelf && <span class="you">{texts.you}</span>}
        <span class={isSpeaking ? 'speaking-word' : 'status-words'}>{words}</span>
      </span>
      {isSelf && <AwayButton call={call} />}
      {!isSelf && mayWhisper && <WhisperButton call={call} person={person} />}
      {!isSelf && isListed && <VolumeButton call={call} person={person} gain={gain} />}
      {call.self.value?.mayModerate && !isSelf && <ModerateButton call={call} person={person} />}
    </li>
  );
}

function statusOfVoice({ maySpeak, muted, mutedByModerator, microphone }: ParticipantInfo): string | null {
  if (!maySpeak) return texts.listens;
  if (mutedByModerator) return texts.mutedByModerator;
  if (microphone === 'none') return texts.noMicrophone;
  return muted ? texts.muted : null;
}
