/**
 * One client of another Mumble server: it logs in, enters a channel, keeps itself alive, and sends and receives voice and
 * texts. It never comes back by itself.
 */
import type { Clock, Millis } from '../../lib/clock.ts';
import { TokenBucket } from '../../lib/rates/token-bucket.ts';
import { CryptState } from '../mumble/wire/crypt-state.ts';
import type { Received } from '../mumble/wire/messages.ts';
import { announcedVersion, OWN_VERSION, type VoiceFormat, versionV1, voiceFormat } from '../mumble/wire/version.ts';
import {
  isPing,
  MAX_PACKET_BYTES,
  type MumbleVoice,
  type ReceivedVoice,
  readVoicePacket,
  writeVoicePacket,
} from '../mumble/wire/voice-packet.ts';
import type { ClientCertificate } from './identity-certificate.ts';
import { type LinkEnd, type LinkEvents, type ServerAddress, ServerLink } from './server-link.ts';
import { ServerRoster, type ServerUser } from './server-roster.ts';
import { ServerUdp } from './server-udp.ts';

/** Why a client is no longer there. */
export type ClientEnd =
  | { readonly why: LinkEnd | 'loop' | 'closed'; readonly detail: string }
  /** It was not let in; `type` is one of `REJECT`. */
  | { readonly why: 'rejected'; readonly type: number; readonly detail: string }
  /** It was removed: by whom, or by the server itself, for example because somebody else has taken its name. */
  | { readonly why: 'removed'; readonly byUser: boolean; readonly detail: string };

export interface ServerClientEvents {
  /** It is in, or is in another channel, or what it may see has changed. */
  changed(): void;
  /** Valid during the call. */
  voice(voice: Readonly<ReceivedVoice>): void;
  text(message: Extract<Received, { readonly name: 'textMessage' }>['fields']): void;
  /** At most once. */
  ended(end: ClientEnd): void;
}

type Link = Pick<ServerLink, 'send' | 'sendVoice' | 'path' | 'close'>;
export type OpenLink = (server: ServerAddress, certificate: ClientCertificate | null, events: LinkEvents) => Link;

const openTls: OpenLink = (server, certificate, events) => new ServerLink(server, certificate, events);

export interface ServerClientOptions {
  readonly server: ServerAddress;
  readonly name: string;
  readonly password: string;
  readonly certificate: ClientCertificate | null;
  /** It speaks for many, and is no person. */
  readonly isBot: boolean;
  /** Of this program. */
  readonly version: string;
  readonly clock: Clock;
  readonly events: ServerClientEvents;
  /** Connects; by TLS by default. */
  readonly openLink?: OpenLink;
}

/** What has passed, for the metrics. */
export interface ClientFigures {
  readonly outByUdp: number;
  readonly outByTunnel: number;
  /** Left out: above the server's bandwidth, or the connection was behind. */
  readonly outDropped: number;
  readonly inByUdp: number;
  readonly inByTunnel: number;
}

const PING_EVERY_MS: Millis = 5000;
/** Mumble's own server gives up after the same time. */
const SILENT_MS: Millis = 30_000;
/** Time until it is in. */
const LOGIN_MS: Millis = 15_000;
/** What a packet counts besides its payload, as Mumble's own server counts. */
const OVERHEAD_BYTES = 32;
/** So much may come at once. Mumble's own server counts over seconds. */
const BANDWIDTH_BURST_S = 1;
const BITS = 8;
const RELEASE = 'Partyline';
const MAX_REASON_LENGTH = 200;

const packet = new Uint8Array(MAX_PACKET_BYTES);

export class ServerClient {
  readonly name: string;
  readonly isBot: boolean;
  readonly roster = new ServerRoster();
  readonly #options: ServerClientOptions;
  readonly #link: Link;
  readonly #begunMs: Millis;
  #heardMs: Millis;
  #pingedMs: Millis = Number.NEGATIVE_INFINITY;
  #format: VoiceFormat = 'old';
  #crypt: CryptState | undefined;
  #udp: ServerUdp | undefined;
  #session = 0;
  #maxUsers = 0;
  #messageLength = 0;
  #bandwidth: TokenBucket | null = null;
  #end: ClientEnd | undefined;
  #isOver = false;
  /** `changed` follows when everything that came at once has been read. */
  #isChanged = false;
  readonly #counts = { outByUdp: 0, outByTunnel: 0, outDropped: 0, inByUdp: 0, inByTunnel: 0 };

  constructor(options: ServerClientOptions) {
    const { server, name, certificate, clock, openLink = openTls } = options;
    this.name = name;
    this.isBot = options.isBot;
    this.#options = options;
    this.#begunMs = clock.now();
    this.#heardMs = this.#begunMs;
    this.#link = openLink(server, certificate, {
      secured: () => this.#greet(),
      message: (message) => this.#receive(message),
      voice: (voice) => this.#receiveTunnelled(voice),
      closed: (end, detail) => this.#closed(end, detail),
    });
  }

  /** It is logged in. */
  get isReady(): boolean {
    return this.#session !== 0 && !this.#isOver;
  }

  /** The number of its own user; 0 before it is logged in. */
  get session(): number {
    return this.#session;
  }

  /** Its own user; undefined before it is logged in. */
  get own(): ServerUser | undefined {
    return this.roster.users.get(this.#session);
  }

  /** How many users the server takes; 0 if it does not say. */
  get maxUsers(): number {
    return this.#maxUsers;
  }

  /** UDP works in both directions. */
  get isByUdp(): boolean {
    return this.#udp?.isWorking === true;
  }

  get figures(): ClientFigures {
    return this.#counts;
  }

  enter(channelId: number): void {
    this.#link.send('userState', { session: this.#session, channelId });
  }

  setSelf(selfMute: boolean, selfDeaf: boolean): void {
    this.#link.send('userState', { session: this.#session, selfMute, selfDeaf });
  }

  /** Mutes somebody for all, if the server lets it. */
  muteOther(session: number, mute: boolean): void {
    this.#link.send('userState', { session, mute });
  }

  /** Lets somebody hear nothing, if the server lets us. Whoever is deaf there is muted, too. */
  deafenOther(session: number): void {
    this.#link.send('userState', { session, deaf: true });
  }

  /** @param mute as they were before they were deafened */
  undeafenOther(session: number, mute: boolean): void {
    this.#link.send('userState', { session, deaf: false, mute });
  }

  setComment(comment: string): void {
    this.#link.send('userState', { session: this.#session, comment });
  }

  /** Writes HTML to a channel or to some users. What the server would not take is cut off. */
  write(html: string, to: { readonly channelId: number } | { readonly sessions: readonly number[] }): void {
    const limit = this.#messageLength === 0 ? html.length : this.#messageLength;
    this.#link.send('textMessage', {
      ...('sessions' in to ? to : { channelIds: [to.channelId] }),
      message: html.slice(0, limit),
    });
  }

  /** Says one packet to the channel. Packets above what the server takes are left out. */
  say(voice: Readonly<MumbleVoice>): void {
    if (!this.isReady) return;
    const length = writeVoicePacket(this.#format, packet, voice);
    if (this.#bandwidth?.take(this.#options.clock.now(), length + OVERHEAD_BYTES) === false) {
      this.#counts.outDropped++;
      return;
    }
    const view = packet.subarray(0, length);
    if (this.#udp?.isWorking) {
      this.#udp.send(view);
      this.#counts.outByUdp++;
    } else if (this.#link.sendVoice(view)) this.#counts.outByTunnel++;
    else this.#counts.outDropped++;
  }

  /** Call about once a second. */
  look(): void {
    const nowMs = this.#options.clock.now();
    const isLate = !this.isReady && nowMs - this.#begunMs > LOGIN_MS;
    if (isLate || nowMs - this.#heardMs > SILENT_MS) {
      this.#end ??= { why: this.isReady ? 'lost' : 'unreachable', detail: 'it does not answer' };
      this.#link.close();
      return;
    }
    if (!this.isReady) return;
    this.#udp?.look(nowMs);
    if (nowMs - this.#pingedMs < PING_EVERY_MS) return;
    this.#pingedMs = nowMs;
    const { good = 0, late = 0, lost = 0, resyncs: resync = 0 } = this.#crypt?.counts ?? {};
    this.#link.send('ping', { timestamp: BigInt(Math.round(nowMs)), good, late, lost, resync });
  }

  /** Idempotent. `ended` is not called. */
  close(): void {
    this.#isOver = true;
    this.#udp?.close();
    this.#link.close();
  }

  #greet(): void {
    const { name, password, isBot, version } = this.#options;
    const release = `${RELEASE} ${version}`;
    this.#link.send('version', { versionV1: versionV1(OWN_VERSION), release, versionV2: OWN_VERSION });
    this.#link.send('authenticate', {
      username: name,
      opus: true,
      clientType: isBot ? 1 : 0,
      ...(password !== '' && { password }),
    });
  }

  #receive(message: Received): void {
    if (this.#isOver) return;
    this.#heardMs = this.#options.clock.now();
    switch (message.name) {
      case 'version':
        this.#takeVersion(message.fields);
        return;
      case 'reject': {
        const { type = 0, reason = '' } = message.fields;
        this.#end ??= { why: 'rejected', type, detail: reason.slice(0, MAX_REASON_LENGTH) };
        this.#link.close();
        return;
      }
      case 'cryptSetup':
        this.#takeKeys(message.fields);
        return;
      case 'serverSync':
        this.#session = message.fields.session ?? 0;
        this.#setBandwidth(message.fields.maxBandwidth);
        this.#openUdp();
        this.#options.events.changed();
        return;
      case 'serverConfig':
        this.#maxUsers = message.fields.maxUsers ?? this.#maxUsers;
        this.#messageLength = message.fields.messageLength ?? this.#messageLength;
        this.#setBandwidth(message.fields.maxBandwidth);
        return;
      case 'textMessage':
        this.#options.events.text(message.fields);
        return;
      case 'userRemove':
        if (message.fields.session === this.#session && this.#session !== 0) this.#removed(message.fields);
        else this.#takeNews(message);
        return;
      default:
        this.#takeNews(message);
    }
  }

  /** What was said of a user or a channel. */
  #takeNews(message: Received): void {
    if (this.roster.receive(message)) this.#tellChanged();
    if (!this.roster.isTooLarge) return;
    this.#end ??= { why: 'lost', detail: 'it has more links and listeners than any server' };
    this.#link.close();
  }

  /** However much comes at once: to look at it takes as long as the server has users and channels. */
  #tellChanged(): void {
    if (!this.isReady || this.#isChanged) return;
    this.#isChanged = true;
    queueMicrotask(() => {
      this.#isChanged = false;
      if (this.isReady) this.#options.events.changed();
    });
  }

  #takeVersion(fields: Extract<Received, { readonly name: 'version' }>['fields']): void {
    this.#format = voiceFormat(announcedVersion(fields));
    // This server, or another like it that may be coupled with this one: everybody would come again and again.
    if (fields.release?.startsWith(RELEASE) !== true) return;
    this.#end ??= { why: 'loop', detail: 'it is a Partyline server' };
    this.#link.close();
  }

  #takeKeys({ key, clientNonce, serverNonce }: Extract<Received, { readonly name: 'cryptSetup' }>['fields']): void {
    const length = 16;
    if (key?.length === length && clientNonce?.length === length && serverNonce?.length === length) {
      this.#crypt = new CryptState({ key, sendIv: clientNonce, receiveIv: serverNonce });
      if (this.#udp !== undefined) this.#openUdp();
    } else if (serverNonce !== undefined) this.#crypt?.resync(serverNonce);
    else if (this.#crypt !== undefined) this.#link.send('cryptSetup', { clientNonce: this.#crypt.sendIv });
  }

  #setBandwidth(bitsPerSecond: number | undefined): void {
    if (bitsPerSecond === undefined || bitsPerSecond === 0) return;
    const perSecond = bitsPerSecond / BITS;
    this.#bandwidth = new TokenBucket({
      perSecond,
      burst: perSecond * BANDWIDTH_BURST_S,
      now: this.#options.clock.now(),
    });
  }

  #openUdp(): void {
    this.#udp?.close();
    const { path } = this.#link;
    if (path === undefined || this.#crypt === undefined) return;
    this.#udp = new ServerUdp(
      {
        ...path,
        crypt: this.#crypt,
        format: this.#format,
        voice: (voice) => {
          this.#counts.inByUdp++;
          this.#receiveVoice(voice);
        },
        tunnel: (ping) => this.#link.sendVoice(ping),
        resync: () => this.#link.send('cryptSetup', {}),
      },
      this.#options.clock.now(),
    );
  }

  #receiveTunnelled(voice: Uint8Array): void {
    if (this.#isOver || isPing(this.#format, voice)) return;
    this.#counts.inByTunnel++;
    this.#receiveVoice(voice);
  }

  #receiveVoice(text: Uint8Array): void {
    if (!this.isReady) return;
    const voice = readVoicePacket(this.#format, text, true);
    if (voice !== null) this.#options.events.voice(voice);
  }

  #removed({ actor, reason = '' }: Extract<Received, { readonly name: 'userRemove' }>['fields']): void {
    const byUser = actor !== undefined && actor !== 0;
    this.#end ??= { why: 'removed', byUser, detail: reason.slice(0, MAX_REASON_LENGTH) };
    this.#link.close();
  }

  #closed(why: LinkEnd, detail: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#udp?.close();
    this.#options.events.ended(this.#end ?? { why, detail });
  }
}
