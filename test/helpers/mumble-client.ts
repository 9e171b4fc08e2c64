/** A client of Mumble for tests: it keeps what it is told, and sends what it is asked to. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import { CryptState } from '../../src/gateways/mumble/wire/crypt-state.ts';
import { encodeFrame, FrameReader } from '../../src/gateways/mumble/wire/frames.ts';
import { MESSAGES, type MessageName, TYPE } from '../../src/gateways/mumble/wire/messages.ts';
import {
  decodeMessage,
  encodeMessage,
  type MessageOf,
  type MessageValues,
} from '../../src/gateways/mumble/wire/protobuf.ts';
import { OWN_VERSION, type VoiceFormat, versionV1 } from '../../src/gateways/mumble/wire/version.ts';
import {
  isPing,
  MAX_PACKET_BYTES,
  type MumbleVoice,
  readVoicePacket,
  writeVoicePacket,
} from '../../src/gateways/mumble/wire/voice-packet.ts';
import { eventually } from './eventually.ts';

type Fields<N extends MessageName> = MessageOf<(typeof MESSAGES)[N]>;
type User = Partial<Fields<'userState'>>;

export interface MumbleClientOptions {
  readonly port: number;
  readonly name?: string;
  readonly password?: string;
  readonly tokens?: readonly string[];
  /** 1.4 and before have the old format of voice. */
  readonly format?: VoiceFormat;
  readonly opus?: boolean;
  /** With a certificate it has an identity. */
  readonly certificate?: { readonly cert: string; readonly key: string };
}

/** One packet of voice that came, and how. */
export interface HeardVoice extends MumbleVoice {
  readonly by: 'udp' | 'tunnel';
  /** By `performance.now`. */
  readonly atMs: number;
}

const OLD_VERSION = (1n << 48n) | (4n << 32n);

export class MumbleClient {
  readonly socket: TLSSocket;
  readonly format: VoiceFormat;
  /** Everything that came, in order. */
  readonly received: { readonly name: MessageName; readonly fields: Fields<MessageName> }[] = [];
  readonly heard: HeardVoice[] = [];
  readonly channels = new Map<number, Partial<Fields<'channelState'>>>();
  readonly users = new Map<number, User>();
  crypt: CryptState | undefined;
  session = 0;
  isClosed = false;
  udpPings = 0;
  readonly #port: number;
  #udp: Socket | undefined;

  private constructor(socket: TLSSocket, port: number, format: VoiceFormat) {
    this.socket = socket;
    this.#port = port;
    this.format = format;
    const frames = new FrameReader(1_000_000, (type, payload) => this.#receive(type, Uint8Array.from(payload)));
    socket.on('data', (bytes) => frames.push(bytes));
    socket.on('error', () => {});
    socket.on('close', () => {
      this.isClosed = true;
      this.#udp?.close();
      this.#udp = undefined;
    });
  }

  /** Connects and sends what a client sends at once. */
  static async open({ port, name = 'Ada', password, tokens, format = 'protobuf', ...more }: MumbleClientOptions) {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...more.certificate });
    await once(socket, 'secureConnect');
    const client = new MumbleClient(socket, port, format);
    const version = format === 'old' ? OLD_VERSION : OWN_VERSION;
    client.send('version', { versionV1: versionV1(version), ...(format === 'protobuf' && { versionV2: version }) });
    client.send('authenticate', { username: name, password, tokens: tokens ?? [], opus: more.opus ?? true });
    return client;
  }

  /** The same, and waits until it is in. */
  static async join(options: MumbleClientOptions): Promise<MumbleClient> {
    const client = await MumbleClient.open(options);
    await eventually(() => client.of('serverConfig').length > 0 || JSON.stringify(client.of('reject')) || 'not in');
    return client;
  }

  get own(): User {
    return this.users.get(this.session) ?? {};
  }

  /** Messages of this kind that came. */
  of<N extends MessageName>(name: N): Fields<N>[] {
    return this.received.filter((one) => one.name === name).map(({ fields }) => fields as Fields<N>);
  }

  user(name: string): User | undefined {
    return [...this.users.values()].find((user) => user.name === name);
  }

  channel(name: string): number {
    const found = [...this.channels].find(([, channel]) => channel.name === name);
    if (found === undefined) throw new Error(`no channel ${name}`);
    return found[0];
  }

  texts(): string[] {
    return this.of('textMessage').map(({ message = '' }) => message);
  }

  send<N extends MessageName>(name: N, values: MessageValues<(typeof MESSAGES)[N]>): void {
    const payload = encodeMessage(MESSAGES[name], values as MessageValues<(typeof MESSAGES)[MessageName]>);
    this.sendFrame(TYPE[name], payload);
  }

  sendFrame(type: number, payload: Uint8Array): void {
    this.socket.write(encodeFrame(type, payload));
  }

  /** Goes into a channel. */
  async enter(name: string): Promise<void> {
    const channelId = this.channel(name);
    this.send('userState', { channelId });
    await eventually(() => this.own.channelId === channelId || JSON.stringify(this.of('permissionDenied')));
  }

  voice(frameNumber: number, opus: Uint8Array, more: Partial<MumbleVoice> = {}): Uint8Array {
    const into = new Uint8Array(MAX_PACKET_BYTES);
    const voice = { target: 0, session: 0, frameNumber, opus, isLast: false, ...more };
    return into.slice(0, writeVoicePacket(this.format, into, voice));
  }

  /** The same with the place of the player, as both formats have it behind everything else. */
  voiceAt(position: readonly number[], frameNumber: number, opus: Uint8Array): Uint8Array {
    const key = this.format === 'old' ? [] : [0x32, 12];
    const floats = Buffer.from(Float32Array.from(position).buffer);
    return Buffer.concat([this.voice(frameNumber, opus), Uint8Array.from(key), floats]);
  }

  /** Says one packet through the tunnel. */
  say(frameNumber: number, opus: Uint8Array, more?: Partial<MumbleVoice>): void {
    this.sendFrame(TYPE.udpTunnel, this.voice(frameNumber, opus, more));
  }

  /** Says one packet by UDP. */
  sayByUdp(frameNumber: number, opus: Uint8Array, more?: Partial<MumbleVoice>): void {
    this.sendUdp(this.voice(frameNumber, opus, more));
  }

  /** Encrypts and sends. */
  sendUdp(text: Uint8Array): void {
    this.sendDatagram(this.crypt!.encrypt(text));
  }

  sendDatagram(datagram: Uint8Array): void {
    this.#openUdp().send(Uint8Array.from(datagram), this.#port, '127.0.0.1');
  }

  pingByUdp(): void {
    this.sendUdp(this.format === 'old' ? Uint8Array.of(0x20, 5) : Uint8Array.of(1, 8, 5));
  }

  /** As a client does every 5 s. */
  ping(good = this.crypt?.good ?? 0): void {
    this.send('ping', { timestamp: 1n, good });
  }

  /** From now on its packets come from another port, as after a NAT has forgotten it. */
  changePort(): void {
    this.#udp?.close();
    this.#udp = undefined;
  }

  /** From now on its packets come from the port that another client had, which has none until it sends again. */
  takePortOf(other: MumbleClient): void {
    this.#udp = other.#udp;
    other.#udp = undefined;
    this.#udp?.removeAllListeners('message');
    this.#udp?.on('message', (datagram) => this.#receiveDatagram(datagram));
  }

  close(): void {
    this.socket.destroy();
  }

  #openUdp(): Socket {
    if (this.#udp !== undefined) return this.#udp;
    const socket = createSocket('udp4');
    socket.on('error', () => {});
    socket.on('message', (datagram) => this.#receiveDatagram(datagram));
    this.#udp = socket;
    return socket;
  }

  #receiveDatagram(datagram: Buffer): void {
    const text = this.crypt?.decrypt(datagram);
    if (text === undefined || text === null) return;
    if (isPing(this.format, text)) this.udpPings++;
    else this.#hear(text, 'udp');
  }

  #hear(packet: Uint8Array, by: HeardVoice['by']): void {
    const voice = readVoicePacket(this.format, packet, true);
    if (voice !== null) this.heard.push({ ...voice, opus: Uint8Array.from(voice.opus), by, atMs: performance.now() });
  }

  #receive(type: number, payload: Uint8Array): void {
    if (type === TYPE.udpTunnel) {
      this.#hear(payload, 'tunnel');
      return;
    }
    const name = (Object.keys(MESSAGES) as MessageName[]).find((known) => TYPE[known] === type);
    if (name === undefined) return;
    const fields = decodeMessage<(typeof MESSAGES)[MessageName]>(MESSAGES[name], payload) as Fields<MessageName>;
    this.received.push({ name, fields });
    this.#keep(name, fields);
  }

  #keep(name: MessageName, fields: Fields<MessageName>): void {
    switch (name) {
      case 'cryptSetup': {
        const { key, clientNonce, serverNonce } = fields as Fields<'cryptSetup'>;
        if (key !== undefined) this.crypt = new CryptState({ key, sendIv: clientNonce!, receiveIv: serverNonce! });
        else if (serverNonce !== undefined) this.crypt?.resync(serverNonce);
        else this.send('cryptSetup', { clientNonce: this.crypt!.sendIv });
        return;
      }
      case 'serverSync':
        this.session = (fields as Fields<'serverSync'>).session ?? 0;
        return;
      case 'channelState': {
        const state = fields as Fields<'channelState'>;
        this.channels.set(state.channelId!, { ...this.channels.get(state.channelId!), ...state });
        return;
      }
      case 'channelRemove': {
        const { channelId } = fields as Fields<'channelRemove'>;
        const isOccupied = [...this.users.values()].some((user) => user.channelId === channelId);
        if (isOccupied) throw new Error('protocol violation: an occupied channel is removed');
        this.channels.delete(channelId!);
        return;
      }
      case 'userState': {
        const state = fields as Fields<'userState'>;
        const before = this.users.get(state.session!);
        if (before === undefined && state.name === undefined) throw new Error('a user without a name');
        if (state.channelId !== undefined && !this.channels.has(state.channelId)) throw new Error('unknown channel');
        this.users.set(state.session!, { ...before, ...state });
        return;
      }
      case 'userRemove':
        this.users.delete((fields as Fields<'userRemove'>).session!);
        return;
      default:
    }
  }
}
