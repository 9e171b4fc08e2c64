import { useEffect } from 'preact/hooks';
import type { ParticipantInfo } from '../../src/protocol/messages.ts';
import type { Call } from './call.ts';
import { strings } from './strings.ts';

const texts = strings.channels;
/** The keys that press a button. */
const PRESS: ReadonlySet<string> = new Set([' ', 'Enter']);

/** The room's teams: who joins them, and whom this participant speaks to. Nothing in rooms without any. */
export function Teams({ call }: { call: Call }) {
  const { channels } = call.channels.value;
  if (channels.length === 0) return null;
  const targets = channels.filter(({ speaks }) => speaks);
  return (
    <div class="teams" data-testid="teams">
      <fieldset class="team-row">
        <legend class="quiet">{texts.teams}</legend>
        {channels.map(({ name, open, hears }) => (
          <button
            key={name}
            type="button"
            class="button team"
            data-testid="team"
            data-team={name}
            aria-pressed={hears}
            disabled={!open}
            dir="auto"
            onClick={() => call.setInTeam(name, !hears)}
          >
            {name}
          </button>
        ))}
      </fieldset>
      {targets.length > 0 && (
        <fieldset class="team-row">
          <legend class="quiet">{texts.talkTo}</legend>
          <Target call={call} team={null} label={texts.everyone} />
          {targets.map(({ name }) => (
            <Target key={name} call={call} team={name} label={name} />
          ))}
        </fieldset>
      )}
    </div>
  );
}

function Target({ call, team, label }: { call: Call; team: string | null; label: string }) {
  return (
    <button
      type="button"
      class="button team"
      data-testid="talk-to"
      data-team={team ?? ''}
      aria-pressed={call.team.value === team}
      dir="auto"
      onClick={() => call.talkToTeam(team)}
    >
      {label}
    </button>
  );
}

/** Whispers to this person while it is held down. */
export function WhisperButton({ call, person }: { call: Call; person: ParticipantInfo }) {
  const stop = () => {
    if (call.whisperingTo.value === person.id) call.whisperTo(null);
  };
  // The button may disappear while it is held, with the person.
  useEffect(() => stop, []);
  return (
    <button
      type="button"
      class="whisper"
      data-testid="whisper"
      aria-label={texts.whisperTo(person.name)}
      aria-pressed={call.whisperingTo.value === person.id}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        call.whisperTo(person.id);
      }}
      onPointerUp={stop}
      onPointerCancel={stop}
      onLostPointerCapture={stop}
      onKeyDown={(event) => {
        if (PRESS.has(event.key) && !event.repeat) call.whisperTo(person.id);
      }}
      onKeyUp={stop}
      onBlur={stop}
      onContextMenu={(event) => event.preventDefault()}
    >
      {texts.whisper}
    </button>
  );
}

/** How a person speaks to this participant, if not to everyone; null otherwise. */
export function talkStatus(call: Call, id: string): string | null {
  const view = call.channels.value.talking.get(id);
  if (view === undefined) return null;
  return view.whispers ? texts.whispersToYou : texts.speaksTo(view.channels.join(', '));
}
