/** Keeps one Mumble client informed: sends the difference between what it knows and what it may see. */
import type { MumbleConnection } from './connection.ts';
import { type MumbleChannel, type MumbleUser, type MumbleView, ROOT_CHANNEL } from './roster.ts';
import { toHtml } from './shared/html.ts';

type Sender = Pick<MumbleConnection, 'send'>;

const FLAGS = ['mute', 'suppress', 'selfMute', 'selfDeaf', 'recording'] as const;

export class Presenter {
  readonly #connection: Sender;
  readonly #own: number;
  #channels: ReadonlyMap<number, MumbleChannel> = new Map();
  #users: ReadonlyMap<number, MumbleUser> = new Map();

  /** @param own the session number of the client's own user */
  constructor(connection: Sender, own: number) {
    this.#connection = connection;
    this.#own = own;
  }

  /**
   * Sends what has changed. Channels come before users who are in them, and go after; a client's own user comes before
   * the others.
   */
  show({ channels, users }: MumbleView): void {
    for (const [id, channel] of channels) {
      const before = this.#channels.get(id);
      if (before !== channel) this.#showChannel(channel, before);
    }
    for (const session of this.#users.keys()) if (!users.has(session)) this.#connection.send('userRemove', { session });
    const own = users.get(this.#own);
    if (own !== undefined) this.#showUser(own);
    for (const user of users.values()) if (user !== own) this.#showUser(user);
    for (const channelId of this.#channels.keys())
      if (!channels.has(channelId)) this.#connection.send('channelRemove', { channelId });
    this.#channels = channels;
    this.#users = users;
  }

  #showChannel(
    { id, name, position, maxUsers, description, isEnterRestricted }: MumbleChannel,
    before?: MumbleChannel,
  ) {
    this.#connection.send('channelState', {
      channelId: id,
      ...(id !== ROOT_CHANNEL && { parent: ROOT_CHANNEL }),
      ...{ name, position, maxUsers, isEnterRestricted, canEnter: true },
      ...((description !== '' || before !== undefined) && { description: toHtml(description) }),
    });
  }

  #showUser(user: MumbleUser): void {
    const known = this.#users.get(user.session);
    if (known === user) return;
    const { session, name, channelId, hash } = user;
    // Clients do not expect that a hash changes under a session.
    const before = known?.hash === hash ? known : undefined;
    if (known !== undefined && before === undefined) this.#connection.send('userRemove', { session });
    const changed: { [K in (typeof FLAGS)[number]]?: boolean } = {};
    for (const flag of FLAGS) if (user[flag] !== (before?.[flag] ?? false)) changed[flag] = user[flag];
    this.#connection.send('userState', {
      session,
      ...(before?.name !== name && { name }),
      ...(before?.channelId !== channelId && { channelId }),
      ...(before === undefined && hash !== '' && { hash }),
      ...changed,
    });
  }
}
