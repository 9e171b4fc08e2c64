import type { AdminSession } from './admin-session.ts';
import type { BanStatus } from './api.ts';
import { strings } from './strings.ts';

interface BansProps {
  readonly session: AdminSession;
  readonly room: string;
  readonly bans: readonly BanStatus[];
}

/** The bans of a room, if there are any. */
export function Bans({ session, room, bans }: BansProps) {
  if (bans.length === 0) return null;
  return (
    <>
      <p class="quiet">{strings.keptOut}</p>
      <ul class="persons" aria-label={strings.keptOutOf(room)}>
        {bans.map(({ identity, name, by, until }) => (
          <li key={identity} class="row" data-testid="ban-entry" data-identity={identity}>
            <div class="who">
              <span dir="auto">{name}</span>
              <span class="quiet" dir="auto">
                {identity}
              </span>
              <span class="quiet">
                {strings.keptOutUntil(until === null ? null : new Date(until).toLocaleString(), by)}
              </span>
            </div>
            <div class="actions">
              <button
                type="button"
                class="button"
                data-testid="lift-ban"
                aria-label={strings.liftBanOf(name)}
                onClick={() => void session.run((api) => api.liftBan(room, identity), strings.lifted(name))}
              >
                {strings.liftBan}
              </button>
            </div>
          </li>
        ))}
      </ul>
    </>
  );
}
