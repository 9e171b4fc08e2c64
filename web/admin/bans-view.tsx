import { useSignal } from '@preact/signals';
import type { AdminSession } from './admin-session.ts';
import type { AnyBan, AnyBans } from './api.ts';
import { banStrings as strings } from './ban-strings.ts';

const HOUR_S = 3600;

/** All bans, and a form to ban somebody who need not be here. */
export function BansView({ session, list }: { session: AdminSession; list: AnyBans }) {
  const { bans, total } = list;
  return (
    <section class="card panel" aria-labelledby="bans-title">
      <h2 id="bans-title">{strings.title}</h2>
      <NewBan session={session} />
      {bans.length === 0 && <p class="quiet">{strings.none}</p>}
      {total > bans.length && <p class="quiet">{strings.more(bans.length, total)}</p>}
      <ul class="persons">
        {bans.map((ban) => (
          <Entry key={ban.id} session={session} ban={ban} />
        ))}
      </ul>
    </section>
  );
}

function Entry({ session, ban }: { session: AdminSession; ban: AnyBan }) {
  const { id, identity, address, name, room, reason, by, until } = ban;
  const who = identity ?? address ?? '';
  const end = until === null ? null : new Date(until).toLocaleString();
  return (
    <li class="row" data-testid="any-ban" data-target={who}>
      <div class="who">
        <span dir="auto">{who}</span>
        {name !== '' && (
          <span class="quiet" dir="auto">
            {name}
          </span>
        )}
        <span class="quiet">{strings.about(room, end, by)}</span>
        {reason !== '' && (
          <span class="quiet" dir="auto">
            {reason}
          </span>
        )}
      </div>
      <div class="actions">
        <button
          type="button"
          class="button"
          data-testid="end-ban"
          aria-label={strings.liftOf(who)}
          onClick={() => void session.run((api) => api.endBan(id), strings.lifted(who))}
        >
          {strings.lift}
        </button>
      </div>
    </li>
  );
}

function NewBan({ session }: { session: AdminSession }) {
  const target = useSignal('');
  const room = useSignal('');
  const hours = useSignal('');
  const reason = useSignal('');
  const ban = async () => {
    const who = target.value.trim();
    // Identities are what the operator's own programs use; few look like an address.
    const isAddress = /^(?:\d{1,3}(?:\.\d{1,3}){3}|[\da-f:.]*:[\da-f:.]*:[\da-f:.]*)(?:\/\d{1,3})?$/i.test(who);
    const made = await session.run(
      (api) =>
        api.createBan({
          ...(isAddress ? { address: who } : { identity: who }),
          ...(!isAddress && room.value !== '' && { room: room.value }),
          ...(hours.value !== '' && { seconds: Math.round(Number(hours.value) * HOUR_S) }),
          reason: reason.value,
        }),
      strings.banned(who),
    );
    if (made === undefined) return;
    for (const field of [target, room, hours, reason]) field.value = '';
  };
  const text = (id: string, label: string, value: typeof target, more = {}) => (
    <label class="field">
      <span class="field-label">{label}</span>
      <input
        data-testid={id}
        value={value.value}
        onInput={(event) => {
          value.value = event.currentTarget.value;
        }}
        {...more}
      />
    </label>
  );
  return (
    <form
      class="token-form"
      onSubmit={(event) => {
        event.preventDefault();
        void ban();
      }}
    >
      {text('ban-target', strings.target, target, { required: true, maxLength: 128, title: strings.targetHint })}
      {text('ban-room', strings.room, room, { maxLength: 64, title: strings.roomHint })}
      {text('ban-hours', strings.hours, hours, { inputMode: 'numeric', pattern: '[1-9][0-9]{0,4}' })}
      {text('ban-reason', strings.reason, reason, { maxLength: 500 })}
      <button type="submit" class="button button-danger" data-testid="create-ban">
        {strings.ban}
      </button>
    </form>
  );
}
