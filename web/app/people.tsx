import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { ParticipantInfo } from '../../src/protocol/messages.ts';
import type { Call } from './call.ts';
import { Teams } from './channels.tsx';
import { Invite } from './invite/invite.tsx';
import { strings } from './language.ts';
import { useLazy } from './lazy.ts';
import { matching } from './list-window.ts';
import { RoomLock } from './moderation.tsx';
import { PeopleList } from './people-list.tsx';
import { RecentSpeakers } from './speakers.ts';
import { LateVolumeDialog } from './volume.tsx';

const texts = strings.room;
/** Up to so many people there are large tiles, all in sight; then smaller ones, and beyond the second number rows. */
const LARGE = 12;
const SMALL = 40;
/** From here on it is quicker to search than to look. */
const SEARCHED = 20;
const PINNED = 6;
const LOOK_AGAIN_MS = 1000;

export function People({ call }: { call: Call }) {
  const search = useSignal('');
  const people = [...call.participants.value.values()];
  const isSelf = (person: ParticipantInfo) => person.id === call.client.participantId;
  const others = people.filter((person) => !isSelf(person));
  // In a large room, whoever wants to say something must not be out of sight.
  if (people.length > LARGE) others.sort((a, b) => Number(b.handRaised ?? false) - Number(a.handRaised ?? false));
  const ordered = [...people.filter(isSelf), ...others];
  const count = call.count.value;
  const total = count ?? people.length;
  const listeners = call.listeners.value;
  const isSearched = total >= SEARCHED;
  const shown = isSearched ? matching(ordered, search.value) : ordered;
  const density = total <= LARGE ? 'large' : total <= SMALL ? 'small' : 'rows';
  return (
    <section class="people" aria-labelledby="people-heading" data-density={density} data-count={total}>
      <header>
        <h2 id="people-heading">
          {texts.people} <span class="quiet">{texts.count(total)}</span>{' '}
          {listeners > 0 && (
            <span class="quiet" data-testid="listeners">
              {texts.listeners(listeners)}
            </span>
          )}
        </h2>
        {isSearched && (
          <input
            type="search"
            class="search"
            data-testid="search"
            aria-label={texts.search}
            placeholder={texts.search}
            value={search.value}
            onInput={(event) => {
              search.value = event.currentTarget.value;
            }}
          />
        )}
        <RoomLock call={call} />
      </header>
      <Teams call={call} />
      {density !== 'large' && <Pinned call={call} />}
      <PeopleList call={call} people={shown} density={density} />
      {count !== undefined && <LateEveryone call={call} count={count} search={search.value} />}
      {shown.length === 0 && count === undefined && (
        <p class="quiet centered" role="status">
          {texts.nobodyFound}
        </p>
      )}
      {total === 1 && <Invite call={call} />}
    </section>
  );
}

/** Those who are not listed. Its code is loaded in the first large room. */
function LateEveryone(props: { readonly call: Call; readonly count: number; readonly search: string }) {
  const Loaded = useLazy(true, () => import('./everyone-list.tsx').then(({ EveryoneList }) => EveryoneList));
  return Loaded && <Loaded {...props} />;
}

/** Whoever speaks in a large room, on top and in sight all the time. */
function Pinned({ call }: { call: Call }) {
  const speakers = useRef(new RecentSpeakers(PINNED));
  const pinned = useSignal<readonly (string | null)[]>([]);
  const asked = useSignal<string | null>(null);
  const levels = call.levels.value;
  useEffect(() => {
    const look = () => {
      const people = new Map([...call.levels.value].filter(([id]) => call.participants.value.has(id)));
      const next = speakers.current.update(people, performance.now());
      if (next.length !== pinned.value.length || next.some((id, place) => id !== pinned.value[place]))
        pinned.value = next;
    };
    look();
    const timer = setInterval(look, LOOK_AGAIN_MS);
    return () => clearInterval(timer);
  }, [levels]);
  const askedPerson = call.participants.value.get(asked.value ?? '');
  return (
    <div class="pinned" data-testid="pinned">
      <h3 class="for-screen-readers">{texts.talkingNow}</h3>
      <ul>
        {pinned.value.map((id, place) => {
          const person = call.participants.value.get(id ?? '');
          if (person === undefined) return <li key={place} class="pin" aria-hidden="true" />;
          const look = call.appearances.value.get(person.id);
          const isSelf = person.id === call.client.participantId;
          return (
            <li
              key={place}
              class="pin"
              data-testid="pin"
              data-name={person.name}
              data-speaking={levels.has(person.id) && !person.muted}
              style={{ '--hue': String(look?.hue ?? 0) }}
            >
              <button
                type="button"
                disabled={isSelf}
                title={isSelf ? person.name : strings.volume.open(person.name)}
                onClick={() => {
                  asked.value = person.id;
                }}
              >
                <span class="avatar" aria-hidden="true">
                  {look?.initials}
                </span>
                <bdi class="person-name">{person.name}</bdi>
              </button>
            </li>
          );
        })}
      </ul>
      {pinned.value.length === 0 && <p class="quiet">{texts.nobodyTalks}</p>}
      {askedPerson !== undefined && (
        <LateVolumeDialog
          call={call}
          person={askedPerson}
          gain={call.hearing.value.get(askedPerson.id) ?? 1}
          onClose={() => {
            asked.value = null;
          }}
        />
      )}
    </div>
  );
}
