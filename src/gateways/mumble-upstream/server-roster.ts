/** Who is where on another Mumble server, as it tells a client. */
import type { Received } from '../mumble/wire/messages.ts';

export interface ServerUser {
  readonly session: number;
  readonly name: string;
  readonly channelId: number;
  /** By somebody who may. */
  readonly mute: boolean;
  readonly deaf: boolean;
  /** May not speak where they are. */
  readonly suppress: boolean;
  readonly selfMute: boolean;
  readonly isDeaf: boolean;
  /** Of their certificate; empty for guests. */
  readonly hash: string;
  /** Channels in which they are not, but which they hear. */
  readonly listensTo: ReadonlySet<number>;
}

export interface ServerChannel {
  readonly name: string;
  /** Undefined for the root. */
  readonly parent: number | undefined;
  /** 0: no limit. */
  readonly maxUsers: number;
}

export const ROOT = 0;
/** More than any server has that people use. */
const MAX_USERS = 5000;
const MAX_CHANNELS = 5000;
/** Links of channels, and channels that users listen to, together. */
const MAX_RELATIONS = 50_000;
const MAX_NAME_LENGTH = 512;
const HASH = /^[\da-f]{40}$/;

type FieldsOf<N extends Received['name']> = Extract<Received, { readonly name: N }>['fields'];

export class ServerRoster {
  readonly #users = new Map<number, FullUser>();
  readonly #channels = new Map<number, ServerChannel>();
  /** Both ways. */
  readonly #links = new Map<number, Set<number>>();
  #relations = 0;

  get users(): ReadonlyMap<number, ServerUser> {
    return this.#users;
  }

  /** Nobody can tell any more who hears what. */
  get isTooLarge(): boolean {
    return this.#relations > MAX_RELATIONS;
  }

  channel(id: number): ServerChannel | undefined {
    return this.#channels.get(id);
  }

  /** The channel with these names from the root down; undefined if there is none. An empty path is the root. */
  find(path: readonly string[]): number | undefined {
    let at: number | undefined = this.#channels.has(ROOT) ? ROOT : undefined;
    for (const name of path) {
      const parent: number | undefined = at;
      at = undefined;
      for (const [id, channel] of this.#channels)
        if (parent !== undefined && id !== ROOT && channel.parent === parent && isSameName(channel.name, name))
          at ??= id;
    }
    return at;
  }

  /** A channel with all channels that are linked to it, also through others. What is said in one is heard in all. */
  linkedTo(id: number): ReadonlySet<number> {
    const reached = new Set([id]);
    for (const one of reached) for (const other of this.#links.get(one) ?? []) reached.add(other);
    return reached;
  }

  /** Takes what a message says of users and channels. True if something may have changed. */
  receive(message: Received): boolean {
    switch (message.name) {
      case 'userState':
        this.#takeUser(message.fields);
        return true;
      case 'userRemove':
        return this.#removeUser(message.fields.session ?? 0);
      case 'channelState':
        this.#takeChannel(message.fields);
        return true;
      case 'channelRemove':
        this.#removeChannel(message.fields.channelId ?? ROOT);
        return true;
      default:
        return false;
    }
  }

  #removeUser(session: number): boolean {
    this.#relations -= this.#users.get(session)?.listensTo.size ?? 0;
    return this.#users.delete(session);
  }

  #takeUser(fields: FieldsOf<'userState'>): void {
    const { session = 0, listeningChannelAdd, listeningChannelRemove } = fields;
    const known = this.#users.get(session);
    if (session === 0 || (known === undefined && (fields.name === undefined || this.#users.size >= MAX_USERS))) return;
    const before = known ?? NEW_USER;
    const listensTo = new Set([...before.listensTo, ...listeningChannelAdd]);
    for (const id of listeningChannelRemove) listensTo.delete(id);
    this.#relations += listensTo.size - before.listensTo.size;
    const flags = { mute: fields.mute ?? before.mute, suppress: fields.suppress ?? before.suppress };
    const deaf = { deaf: fields.deaf ?? before.deaf, selfDeaf: fields.selfDeaf ?? before.selfDeaf };
    const hash = fields.hash?.toLowerCase() ?? before.hash;
    this.#users.set(session, {
      session,
      ...flags,
      ...deaf,
      listensTo,
      hash: HASH.test(hash) ? hash : '',
      name: (fields.name ?? before.name).slice(0, MAX_NAME_LENGTH),
      channelId: fields.channelId ?? before.channelId,
      selfMute: fields.selfMute ?? before.selfMute,
      isDeaf: deaf.deaf || deaf.selfDeaf,
    } satisfies FullUser);
  }

  #takeChannel(fields: FieldsOf<'channelState'>): void {
    const { channelId: id = ROOT } = fields;
    const before = this.#channels.get(id);
    if (before === undefined && this.#channels.size >= MAX_CHANNELS) return;
    this.#channels.set(id, {
      name: (fields.name ?? before?.name ?? '').slice(0, MAX_NAME_LENGTH),
      parent: fields.parent ?? before?.parent,
      maxUsers: fields.maxUsers ?? before?.maxUsers ?? 0,
    });
    for (const other of [...fields.links, ...fields.linksAdd]) this.#link(id, other);
    for (const other of fields.linksRemove) this.#unlink(id, other);
  }

  #removeChannel(id: number): void {
    this.#channels.delete(id);
    for (const other of this.#links.get(id) ?? []) this.#unlink(id, other);
    this.#links.delete(id);
  }

  #link(one: number, other: number): void {
    if (!this.#channels.has(one) || !this.#channels.has(other) || this.#links.get(one)?.has(other)) return;
    this.#relations++;
    this.#links.set(one, (this.#links.get(one) ?? new Set()).add(other));
    this.#links.set(other, (this.#links.get(other) ?? new Set()).add(one));
  }

  #unlink(one: number, other: number): void {
    if (!this.#links.get(one)?.delete(other)) return;
    this.#links.get(other)?.delete(one);
    this.#relations--;
  }
}

interface FullUser extends ServerUser {
  readonly selfDeaf: boolean;
}

function isSameName(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

/** What is true of users of whom nothing else was said. */
const NEW_USER: FullUser = {
  session: 0,
  name: '',
  channelId: ROOT,
  mute: false,
  suppress: false,
  selfMute: false,
  deaf: false,
  selfDeaf: false,
  isDeaf: false,
  hash: '',
  listensTo: new Set<number>(),
};
