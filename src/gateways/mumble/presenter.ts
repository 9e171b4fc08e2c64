/** Keeps one Mumble client informed: sends the difference between what it knows and what it may see. */
import type { MumbleConnection } from './connection.ts';
import { type MumbleChannel, type MumbleUser, type MumbleView, ROOT_CHANNEL } from './roster.ts';
import { toHtml } from './shared/html.ts';
import type { MESSAGES } from './wire/messages.ts';
import type { MessageValues } from './wire/protobuf.ts';

type Sender = Pick<MumbleConnection, 'send'>;
type Name = 'channelState' | 'channelRemove' | 'userState' | 'userRemove';
type Change = { [N in Name]: readonly [name: N, values: MessageValues<(typeof MESSAGES)[N]>] }[Name];

const FLAGS = ['mute', 'suppress', 'selfMute', 'selfDeaf', 'recording'] as const;
const NOTHING: MumbleView = { channels: new Map(), users: new Map() };
/** By what is seen now and before: most clients see the same, and what has changed is found out once for all of them. */
const changes = new WeakMap<MumbleView, WeakMap<MumbleView, readonly Change[]>>();

export class Presenter {
  readonly #connection: Sender;
  readonly #own: number;
  #view = NOTHING;

  /** @param own the session number of the client's own user */
  constructor(connection: Sender, own: number) {
    this.#connection = connection;
    this.#own = own;
  }

  /**
   * Sends what has changed. Channels come before users who are in them, and go after; at first, a client's own user comes
   * before the others.
   */
  show(view: MumbleView): void {
    const before = this.#view;
    if (view === before) return;
    this.#view = view;
    const isFirst = before === NOTHING;
    for (const [name, values] of isFirst ? changesBetween(before, view, this.#own) : knownChanges(before, view))
      this.#connection.send(name, values);
  }
}

function knownChanges(before: MumbleView, view: MumbleView): readonly Change[] {
  let known = changes.get(view);
  if (known === undefined) {
    known = new WeakMap();
    changes.set(view, known);
  }
  let found = known.get(before);
  if (found === undefined) {
    found = changesBetween(before, view);
    known.set(before, found);
  }
  return found;
}

/** @param first the user who comes first */
function changesBetween(before: MumbleView, { channels, users }: MumbleView, first?: number): readonly Change[] {
  const found: Change[] = [];
  for (const [id, channel] of channels) {
    const known = before.channels.get(id);
    if (known !== channel) found.push(channelChange(channel, known));
  }
  for (const session of before.users.keys()) if (!users.has(session)) found.push(['userRemove', { session }]);
  const own = first === undefined ? undefined : users.get(first);
  if (own !== undefined) addUserChanges(found, own, before.users.get(own.session));
  for (const user of users.values()) if (user !== own) addUserChanges(found, user, before.users.get(user.session));
  for (const channelId of before.channels.keys())
    if (!channels.has(channelId)) found.push(['channelRemove', { channelId }]);
  return found;
}

function channelChange(
  { id, name, position, maxUsers, description, isEnterRestricted }: MumbleChannel,
  before?: MumbleChannel,
): Change {
  const values = {
    channelId: id,
    ...(id !== ROOT_CHANNEL && { parent: ROOT_CHANNEL }),
    name,
    position,
    maxUsers,
    isEnterRestricted,
    canEnter: true,
    ...((description !== '' || before !== undefined) && { description: toHtml(description) }),
  };
  return ['channelState', values];
}

function addUserChanges(found: Change[], user: MumbleUser, known: MumbleUser | undefined): void {
  if (known === user) return;
  const { session, name, channelId, hash } = user;
  // Clients do not expect that a hash changes under a session.
  const before = known?.hash === hash ? known : undefined;
  if (known !== undefined && before === undefined) found.push(['userRemove', { session }]);
  const changed: { [K in (typeof FLAGS)[number]]?: boolean } = {};
  for (const flag of FLAGS) if (user[flag] !== (before?.[flag] ?? false)) changed[flag] = user[flag];
  const values = {
    session,
    ...(before?.name !== name && { name }),
    ...(before?.channelId !== channelId && { channelId }),
    ...(before === undefined && hash !== '' && { hash }),
    ...changed,
  };
  found.push(['userState', values]);
}
