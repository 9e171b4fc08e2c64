/** One Mumble client, from its login to its end. */
import type { Millis } from '../../lib/clock.ts';
import { AppError, toAppError } from '../../lib/errors.ts';
import type { RoomEvent } from '../../rooms/events.ts';
import { participantName, roomKey } from '../../rooms/names.ts';
import type { Participant } from '../../rooms/participant.ts';
import { roomOf } from '../../rooms/room-of.ts';
import type { MumbleConnection } from './connection.ts';
import { Downlink } from './downlink.ts';
import { admitToRoom, certificateIdentity, roomOfToken } from './entrance.ts';
import type { VoiceFigures } from './figures.ts';
import { MixNeed } from './mix-need.ts';
import { permissionsOf } from './permissions.ts';
import { Presenter } from './presenter.ts';
import type { RelayListener } from './room-relay.ts';
import { type MumblePresence, ROOT_CHANNEL } from './roster.ts';
import type { MumbleSessionOptions } from './session-options.ts';
import { SessionRequests } from './session-requests.ts';
import { END_WORDS, MAX_TEXT_LENGTH, type MembershipEnd, REJECTIONS, ROOT_INSTEAD } from './session-words.ts';
import { toHtml } from './shared/html.ts';
import { Membership } from './shared/membership.ts';
import { MAX_BANDWIDTH } from './shared/uplink.ts';
import type { UdpUser } from './udp-port.ts';
import { VoiceTargets } from './voice-targets.ts';
import { CryptState } from './wire/crypt-state.ts';
import { REJECT, type Received } from './wire/messages.ts';
import { announcedVersion, OWN_VERSION, type VoiceFormat, versionV1, voiceFormat } from './wire/version.ts';
import { isPing, LOOPBACK_TARGET, MAX_OPUS_BYTES, NORMAL_TARGET, readVoicePacket } from './wire/voice-packet.ts';

type Status = 'greeting' | 'joining' | 'ready' | 'ended';

const MAX_SECRETS = 16;

export class MumbleSession implements MumblePresence, RelayListener, UdpUser {
  readonly session: number;
  readonly downlink: Downlink;
  name = '';
  hash: string | null = null;
  selfMute = false;
  selfDeaf = false;
  format: VoiceFormat = 'old';
  /** When the client said something that was heard, or wrote. */
  activeMs: Millis;
  readonly loggedInMs: Millis;
  readonly connection: MumbleConnection;
  readonly targets: VoiceTargets;
  readonly #options: MumbleSessionOptions;
  readonly #presenter: Presenter;
  readonly #requests: SessionRequests;
  readonly #mixNeed = new MixNeed();
  #status: Status = 'greeting';
  #secrets: readonly string[] = [];
  #membership: Membership | null = null;
  /** The number of the latest wish to enter a room. */
  #wishes = 0;

  constructor(connection: MumbleConnection, options: MumbleSessionOptions) {
    this.connection = connection;
    this.#options = options;
    this.session = options.roster.newSession();
    this.loggedInMs = options.clock.now();
    this.activeMs = this.loggedInMs;
    this.#presenter = new Presenter(connection, this.session);
    this.downlink = new Downlink(connection, new CryptState(options.newKeys()), this.session, options.clock);
    this.#requests = new SessionRequests(this, options);
    const { registry, roster, clock } = options;
    const whispered = options.whispered.bind(null, this);
    this.targets = new VoiceTargets({
      ...{ session: this.session, roster, roomOf: (talker) => roomOf(registry, talker), whispered, clock },
    });
    const release = `Partyline ${options.version}`;
    connection.send('version', { versionV1: versionV1(OWN_VERSION), release, versionV2: OWN_VERSION });
  }

  get isReady(): boolean {
    return this.#status === 'ready';
  }

  get isGreeting(): boolean {
    return this.#status === 'greeting' || this.#status === 'joining';
  }

  get membership(): Membership | null {
    return this.#membership;
  }

  /** Null while they are in no room. */
  get participant(): Participant | null {
    return this.#membership?.participant ?? null;
  }

  get hearsMix(): boolean {
    return this.#membership?.hearsMix === true;
  }

  get hearsSounds(): boolean {
    return !this.hearsMix && this.#options.hearsSounds(this);
  }

  get isDeaf(): boolean {
    return this.selfDeaf || this.hearsMix;
  }

  /** The channel in which the client's user is. */
  get channelId(): number {
    const participant = this.participant;
    return participant === null ? ROOT_CHANNEL : this.#options.roster.channelOf(participant.roomKey);
  }

  sendVoice(packet: Uint8Array): void {
    this.downlink.send(packet);
  }

  receive(message: Received): void {
    try {
      this.#handle(message);
    } catch (thrown) {
      this.refuse(thrown);
    }
  }

  /** A message that this server does not know in detail. */
  receiveUnknown(type: number): void {
    if (this.#status === 'ready') this.#requests.unknown(type);
  }

  /** Says what was not allowed or did not work. */
  refuse(thrown: unknown): void {
    if (this.#status !== 'ready') return;
    const error = toAppError(thrown);
    if (error.kind.fault === 'server') this.#options.log.error({ err: thrown }, 'Mumble request failed');
    this.deny(error.message);
  }

  deny(reason: string): void {
    this.connection.send('permissionDenied', { type: 0, reason, session: this.session });
  }

  /** A voice packet from the tunnel. */
  receiveTunnelled(packet: Uint8Array): void {
    this.downlink.heardTunnel();
    this.#receiveVoice(packet);
  }

  get figures(): VoiceFigures {
    return this.downlink.figures(this.#membership?.uplink);
  }

  get crypt(): CryptState {
    return this.downlink.crypt;
  }

  setPath(send: ((text: Uint8Array) => void) | null): void {
    this.downlink.setPath(send);
  }

  receiveDatagram(text: Uint8Array): void {
    if (this.#status !== 'ready') return;
    const isVoice = !isPing(this.format, text);
    this.downlink.heardUdp(isVoice);
    if (isVoice) this.#receiveVoice(text);
    else this.downlink.returnPing(text);
  }

  undecryptable(): void {
    this.downlink.undecryptable();
  }

  #receiveVoice(packet: Uint8Array): void {
    if (this.#status !== 'ready') return;
    const voice = readVoicePacket(this.format, packet);
    // A longer one would not fit into a packet to clients, which names the talker as well.
    if (voice === null || voice.opus.length > MAX_OPUS_BYTES) {
      this.downlink.heardMalformed();
      return;
    }
    const nowMs = this.#options.clock.now();
    const { target } = voice;
    const membership = this.#membership;
    if (target === LOOPBACK_TARGET) this.downlink.echo(voice, this.format);
    if (target === LOOPBACK_TARGET || this.selfMute || membership === null) return;
    this.activeMs = nowMs;
    if (!this.targets.admits(target, membership, nowMs) || !membership.receive(voice, nowMs)) return;
    if (target !== NORMAL_TARGET) this.targets.passed(voice, membership, nowMs);
  }

  /** Sends what has changed of the people and rooms that this client sees. */
  show(): void {
    if (this.#status !== 'ready') return;
    this.connection.together(() => this.#presenter.show(this.#options.roster.viewFor(this)));
  }

  /** Call about once a second. */
  look(): void {
    this.#membership?.takeSeat();
  }

  /** A line of text from the server itself. */
  tell(text: string): void {
    this.connection.send('textMessage', { channelIds: [this.channelId], message: toHtml(text) });
  }

  setSelf(selfMute: boolean, selfDeaf: boolean): void {
    this.selfMute = selfMute;
    this.selfDeaf = selfDeaf;
    this.#membership?.setState({ selfMute, selfDeaf });
    this.#options.changed();
  }

  addSecrets(secrets: readonly string[]): void {
    this.#secrets = [...new Set([...secrets, ...this.#secrets])].slice(0, MAX_SECRETS);
  }

  /** Enters a room; undefined: the root. Never rejects; what goes wrong is said. */
  async enter(room: string | undefined): Promise<void> {
    const wish = ++this.#wishes;
    try {
      if (room === undefined) this.#become(null);
      else await this.#enter(room, () => wish === this.#wishes && this.#status !== 'ended');
    } catch (thrown) {
      this.refuse(thrown);
    }
  }

  /** Removes the client, which does not come back by itself. */
  remove(reason: string): void {
    this.connection.send('userRemove', { session: this.session, reason });
    this.connection.end();
    this.close('left');
  }

  /** Idempotent. */
  close(reason: 'left' | 'connection_lost'): void {
    if (this.#status === 'ended') return;
    this.#status = 'ended';
    const before = this.#membership;
    this.#membership = null;
    this.targets.reset();
    this.downlink.left(before?.uplink);
    this.#options.roomChanged(this);
    before?.leave(reason);
    this.#options.ended(this);
  }

  #handle(message: Received): void {
    if (this.#status === 'ended') return;
    switch (message.name) {
      case 'version':
        if (this.#status === 'greeting') this.format = voiceFormat(announcedVersion(message.fields));
        return;
      case 'authenticate':
        if (this.#status === 'greeting') void this.#logIn(message.fields);
        else this.addSecrets(message.fields.tokens);
        return;
      default:
        if (this.#status === 'ready') this.#requests.handle(message);
    }
  }

  async #logIn({ username = '', password = '', tokens, opus }: (Received & { name: 'authenticate' })['fields']) {
    this.#status = 'joining';
    const { access, log } = this.#options;
    try {
      if (opus !== true) {
        this.#reject(REJECT.wrongVersion, 'This server needs a client with Opus: Mumble 1.2.4 or later.');
        return;
      }
      this.name = participantName(username);
      this.hash = this.connection.certificateHash;
      this.addSecrets([password, ...tokens].filter((secret) => secret !== ''));
      const room = this.#firstRoom();
      if (room !== undefined) await this.#tryFirstRoom(room);
      else if (access.needsToken) throw new AppError('token_required');
      else access.people.checkName(this.name, this.hash && certificateIdentity(this.hash));
      if (this.#status === 'joining') this.#welcome();
    } catch (thrown) {
      const error = toAppError(thrown);
      if (error.kind.fault === 'server') log.error({ err: thrown }, 'Mumble login failed');
      this.#reject(REJECTIONS[error.code] ?? REJECT.none, error.message);
    }
  }

  /** That of the first join token, or the default. */
  #firstRoom(): string | undefined {
    for (const secret of this.#secrets) {
      const room = roomOfToken(secret);
      if (room !== undefined) return room;
    }
    return this.#options.defaultRoom;
  }

  async #tryFirstRoom(room: string): Promise<void> {
    try {
      await this.#enter(room, () => this.#status === 'joining');
    } catch (thrown) {
      if (!ROOT_INSTEAD.has(toAppError(thrown).code)) throw thrown;
    }
  }

  #reject(type: number, reason: string): void {
    if (this.#status === 'ended') return;
    this.connection.send('reject', { type, reason });
    this.connection.end();
    this.close('left');
  }

  /** In the order of Mumble's own server; the client's own user must come before `serverSync`. */
  #welcome(): void {
    const { connection, session, downlink } = this;
    const { roster, welcome, maxUsers, log, address, changed, refresh, loggedIn } = this.#options;
    const { key, sendIv, receiveIv } = downlink.crypt;
    this.#status = 'ready';
    connection.loggedIn();
    loggedIn();
    refresh();
    changed();
    connection.together(() => {
      connection.send('cryptSetup', { key, clientNonce: receiveIv, serverNonce: sendIv });
      connection.send('codecVersion', { alpha: -2147483637, beta: 0, preferAlpha: true, opus: true });
      this.#presenter.show(roster.viewFor(this));
      const permissions = permissionsOf(this.participant);
      connection.send('permissionQuery', { channelId: this.channelId, permissions });
      connection.send('serverSync', {
        ...{ session, maxBandwidth: MAX_BANDWIDTH, permissions: BigInt(permissions) },
        ...(welcome !== '' && { welcomeText: toHtml(welcome) }),
      });
      connection.send('serverConfig', {
        ...{ allowHtml: false, messageLength: MAX_TEXT_LENGTH, imageMessageLength: 1 },
        ...{ maxUsers: maxUsers(), recordingAllowed: false },
      });
    });
    log.info({ name: this.name, address, version: this.format }, 'Mumble client connected');
    this.#requests.entered();
  }

  async #enter(room: string, isWanted: () => boolean): Promise<void> {
    const { registry, roster, from, address, clock } = this.#options;
    const { hash } = this;
    const secrets = this.#secrets;
    this.#options.addresses.join(from, false);
    const admission = await admitToRoom(this.#options, room, { secrets, hash, from, isWanted });
    if (!isWanted() || this.participant?.roomKey === roomKey(room)) return;
    let membership: Membership | undefined;
    const state = { muted: this.selfMute || this.selfDeaf, deafened: this.selfDeaf };
    membership = new Membership({
      ...{ registry, admission, room, name: this.name, state, from, address, clock },
      needsMix: (entered, participant) => this.#mixNeed.isNeeded(entered, participant, clock.now()),
      events: {
        event: (event) => this.#roomEvent(event),
        ended: (reason) => {
          if (membership !== undefined && membership === this.#membership) this.#removed(reason);
        },
        mix: (payload, timestamp) => this.downlink.mix(payload, timestamp, roster.mixSession, this.format),
      },
    });
    this.#become(membership);
  }

  #become(membership: Membership | null): void {
    const before = this.#membership;
    this.#membership = membership;
    this.targets.reset();
    this.downlink.left(before?.uplink);
    before?.leave(membership === null ? 'left' : 'moved');
    this.#options.roomChanged(this);
    this.#options.changed();
    if (this.#status !== 'ready') return;
    this.connection.send('permissionQuery', {
      channelId: this.channelId,
      permissions: permissionsOf(this.participant),
    });
    this.#requests.entered();
  }

  #roomEvent(event: RoomEvent): void {
    if (event.type === 'moved') this.#moved();
    // Ten times a second somebody speaks, which clients see by themselves.
    if (event.type !== 'levels') this.#options.changed();
    if (this.#status === 'ready') this.#requests.tell(event);
  }

  #moved(): void {
    if (this.#membership !== null) this.targets.moved(this.#membership);
    queueMicrotask(() => this.#options.roomChanged(this));
  }

  #removed(reason: MembershipEnd): void {
    this.downlink.left(this.#membership?.uplink);
    this.targets.reset();
    this.#membership = null;
    // A client whose connection is only closed comes back when the server does.
    if (reason === 'server_closing') {
      this.connection.end();
      this.close('left');
    } else if (reason === 'room_closed') {
      this.tell(END_WORDS[reason]);
      this.#become(null);
    } else this.remove(END_WORDS[reason]);
  }
}
