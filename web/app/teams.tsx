import type { Call } from './call.ts';
import { strings } from './language.ts';

const texts = strings.channels;

/** The room's teams: who joins them, and whom this participant speaks to. */
export function Teams({ call }: { call: Call }) {
  const { channels } = call.channels.value;
  const targets = channels.filter(({ speaks }) => speaks);
  return (
    <>
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
    </>
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
