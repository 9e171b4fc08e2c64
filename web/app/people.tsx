import { useComputed } from '@preact/signals';
import type { ParticipantInfo } from '../../src/protocol/messages.ts';
import type { Call } from './call.ts';
import { Teams, talkStatus, WhisperButton } from './channels.tsx';
import { HeadphonesOffIcon, MicrophoneOffIcon } from './icons.tsx';
import { ModerateButton, RoomLock } from './moderation.tsx';
import { strings } from './strings.ts';
import { VolumeButton } from './volume.tsx';

const texts = strings.room;
/** The ring around a speaker grows between these levels. */
const FAINT_DBOV = -55;
const LOUD_DBOV = -15;

export function People({ call }: { call: Call }) {
  const people = [...call.participants.value.values()];
  const isSelf = (person: ParticipantInfo) => person.id === call.client.participantId;
  const ordered = [...people.filter(isSelf), ...people.filter((person) => !isSelf(person))];
  return (
    <section class="people" aria-labelledby="people-heading">
      <header>
        <h2 id="people-heading">
          {texts.people} <span class="quiet">{texts.count(people.length)}</span>
        </h2>
        <RoomLock call={call} />
      </header>
      <Teams call={call} />
      <ul data-testid="participants">
        {ordered.map((person) => (
          <Person key={person.id} call={call} person={person} isSelf={isSelf(person)} />
        ))}
      </ul>
      {people.length === 1 && <p class="quiet centered">{texts.alone}</p>}
    </section>
  );
}

function Person({ call, person, isSelf }: { call: Call; person: ParticipantInfo; isSelf: boolean }) {
  // A tile is rendered again only when its own level changes, not whenever anyone speaks.
  const level = useComputed(() => call.levels.value.get(person.id) ?? null);
  const isSpeaking = level.value !== null && !person.muted;
  const loudness = isSpeaking ? ((level.value ?? FAINT_DBOV) - FAINT_DBOV) / (LOUD_DBOV - FAINT_DBOV) : 0;
  const gain = useComputed(() => call.hearing.value.get(person.id) ?? 1).value;
  const talk = talkStatus(call, person.id);
  const whispers = call.channels.value.talking.get(person.id)?.whispers === true;
  const mayWhisper = call.channels.value.mayWhisper && call.self.value?.maySpeak === true;
  const status = [
    talk,
    gain === 1 ? null : gain === 0 ? strings.volume.muted : strings.volume.changed(gain),
    person.connected ? null : texts.connecting,
    statusOfVoice(person),
    person.deafened ? texts.deafened : null,
    person.captured ? texts.captured : null,
    person.mayModerate ? texts.moderates : null,
  ].filter((text) => text !== null);

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
      data-deafened={person.deafened}
      data-connected={person.connected}
      data-captured={person.captured}
      data-whispers={whispers}
      data-gain={gain}
      style={{ '--hue': hueOf(person.name), '--loudness': Math.min(1, Math.max(0, loudness)).toFixed(2) }}
    >
      <span class="avatar" aria-hidden="true">
        {initialsOf(person.name)}
        <span class="badges">
          {person.muted && (
            <span class="badge">
              <MicrophoneOffIcon />
            </span>
          )}
          {person.deafened && (
            <span class="badge">
              <HeadphonesOffIcon />
            </span>
          )}
        </span>
      </span>
      <span class="person-name" dir="auto" title={person.name}>
        {person.name}
      </span>
      <span class="person-status">
        {isSelf && <span class="you">{texts.you}</span>}
        {isSpeaking ? <span class="speaking-word">{talk ?? texts.speaking}</span> : status.join(', ')}
      </span>
      {!isSelf && mayWhisper && <WhisperButton call={call} person={person} />}
      {!isSelf && <VolumeButton call={call} person={person} gain={gain} />}
      {call.self.value?.mayModerate && !isSelf && <ModerateButton call={call} person={person} />}
    </li>
  );
}

function statusOfVoice({ maySpeak, muted, mutedByModerator }: ParticipantInfo): string | null {
  if (!maySpeak) return texts.listens;
  if (mutedByModerator) return texts.mutedByModerator;
  return muted ? texts.muted : null;
}

function initialsOf(name: string): string {
  const words = name.split(/\s+/).filter((word) => word !== '');
  const letters = words.length > 1 ? [words[0], words.at(-1)] : [words[0]];
  return letters.map((word) => [...(word ?? '?')][0]?.toUpperCase() ?? '').join('');
}

/** The same colour for the same name, on every screen. */
function hueOf(name: string): number {
  let hash = 0;
  for (const character of name) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) >>> 0;
  return hash % 360;
}
