import type { ClientMessageInput, ParticipantInfo, ServerMessage } from '../../src/protocol/messages.ts';
import type { ConnectionState } from '../../web/sdk/connection-state.ts';
import type { Environment } from '../../web/sdk/environment.ts';
import { VoiceClient } from '../../web/sdk/voice-client.ts';

/** The server's end of a WebSocket. */
export class FakeWebSocket {
  readyState = 0;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  readonly sent: ClientMessageInput[] = [];
  readonly url: string;
  isClosedByClient = false;
  closeCode: number | undefined;

  constructor(url: string) {
    this.url = url;
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(code?: number): void {
    this.isClosedByClient = true;
    this.closeCode = code;
    this.readyState = 3;
  }

  open(): void {
    this.readyState = 1;
    this.onopen?.();
  }

  receive(message: ServerMessage): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }

  receiveText(data: string): void {
    this.onmessage?.({ data });
  }

  drop(code = 1006): void {
    this.readyState = 3;
    this.onclose?.({ code });
  }

  sentOf<Type extends ClientMessageInput['type']>(type: Type): Extract<ClientMessageInput, { type: Type }>[] {
    return this.sent.filter((message): message is Extract<ClientMessageInput, { type: Type }> => message.type === type);
  }
}

export class FakeTrack {
  enabled = true;
  isStopped = false;
  readonly clones: FakeTrack[] = [];

  clone(): FakeTrack {
    const clone = new FakeTrack();
    this.clones.push(clone);
    return clone;
  }

  stop(): void {
    this.isStopped = true;
  }

  asTrack(): MediaStreamTrack {
    return this as unknown as MediaStreamTrack;
  }
}

export class FakePeerConnection {
  connectionState: RTCPeerConnectionState = 'new';
  ontrack: ((event: { track: FakeTrack }) => void) | null = null;
  onconnectionstatechange: (() => void) | null = null;
  localDescription: { sdp: string } | null = null;
  remoteDescription: { type: string; sdp: string } | null = null;
  configuration: RTCConfiguration;
  restarts = 0;
  readonly name: string;
  readonly transceiver = {
    direction: '',
    codecs: [] as string[],
    sender: {
      track: null as FakeTrack | null,
      replaceTrack: async (track: FakeTrack | null) => {
        this.transceiver.sender.track = track;
      },
    },
    receiver: { jitterBufferTarget: null as number | null },
    setCodecPreferences: (codecs: readonly { mimeType: string }[]) => {
      this.transceiver.codecs = codecs.map(({ mimeType }) => mimeType);
    },
  };
  isClosed = false;
  /** Set to make the browser reject the server's answer. */
  refusesAnswer = false;

  constructor(configuration: RTCConfiguration, name: string) {
    this.configuration = configuration;
    this.name = name;
  }

  addTransceiver(_kind: string, { direction }: { direction: string }) {
    this.transceiver.direction = direction;
    return this.transceiver;
  }

  async createOffer({ iceRestart = false } = {}) {
    if (iceRestart) this.restarts += 1;
    const restart = iceRestart ? `restart ${this.restarts} of ` : '';
    return { type: 'offer', sdp: `${restart}offer of ${this.name}` };
  }

  getConfiguration() {
    return this.configuration;
  }

  setConfiguration(configuration: RTCConfiguration) {
    this.configuration = configuration;
  }

  async setLocalDescription(description: { sdp: string }) {
    this.localDescription = description;
  }

  async setRemoteDescription(description: { type: string; sdp: string }) {
    if (this.refusesAnswer) throw new Error('refused');
    this.remoteDescription = description;
  }

  async getStats() {
    return new Map();
  }

  close(): void {
    this.isClosed = true;
  }

  become(state: RTCPeerConnectionState): void {
    this.connectionState = state;
    this.onconnectionstatechange?.();
  }
}

/** A browser whose time, network and randomness are controlled by the test. */
export class FakeBrowser {
  nowMs = 1000;
  readonly sockets: FakeWebSocket[] = [];
  readonly connections: FakePeerConnection[] = [];
  /** Null for a browser without storage. */
  storage: Map<string, string> | null = new Map();
  readonly #timers = new Set<{ atMs: number; callback: () => void }>();

  readonly environment: Environment = {
    now: () => this.nowMs,
    setTimer: (delayMs, callback) => {
      const timer = { atMs: this.nowMs + delayMs, callback };
      this.#timers.add(timer);
      return () => this.#timers.delete(timer);
    },
    random: () => 0,
    openWebSocket: (url) => {
      const socket = new FakeWebSocket(url);
      this.sockets.push(socket);
      return socket as unknown as WebSocket;
    },
    createPeerConnection: (configuration) => {
      const connection = new FakePeerConnection(configuration, `connection ${this.connections.length + 1}`);
      this.connections.push(connection);
      return connection as unknown as RTCPeerConnection;
    },
    createStream: (tracks) => ({ tracks }) as unknown as MediaStream,
    audioCodecs: () =>
      ['audio/opus', 'audio/red', 'audio/G722', 'audio/PCMU'].map((mimeType) => ({ mimeType, clockRate: 48_000 })),
    storage: () => {
      const { storage } = this;
      if (storage === null) return null;
      return { getItem: (key) => storage.get(key) ?? null, setItem: (key, text) => void storage.set(key, text) };
    },
  };

  get timers(): number {
    return this.#timers.size;
  }

  get socket(): FakeWebSocket {
    return last(this.sockets);
  }

  get connection(): FakePeerConnection {
    return last(this.connections);
  }

  /** Advances time, fires the timers that are due in order, and lets everything they started settle. */
  async advance(durationMs: number): Promise<void> {
    const endMs = this.nowMs + durationMs;
    for (;;) {
      const due = [...this.#timers].filter(({ atMs }) => atMs <= endMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (due === undefined) break;
      this.#timers.delete(due);
      this.nowMs = Math.max(this.nowMs, due.atMs);
      due.callback();
      await settle();
    }
    this.nowMs = endMs;
    await settle();
  }

  /** Opens the newest WebSocket and lets the participant join. */
  async acceptJoin(resumeToken = 'token-1', mediaResumed = false): Promise<void> {
    this.socket.open();
    this.socket.receive(joined(resumeToken, mediaResumed));
    await settle();
  }

  /** Answers the newest offer and lets the newest connection come up. */
  async acceptMedia(): Promise<void> {
    this.socket.receive({ type: 'answer', sdp: 'answer' });
    await settle();
    this.connection.become('connected');
  }
}

export function person(id: string, change: Partial<ParticipantInfo> = {}): ParticipantInfo {
  return {
    id,
    identity: null,
    name: `name of ${id}`,
    maySpeak: true,
    mayModerate: false,
    muted: false,
    mutedByModerator: false,
    deafened: false,
    microphone: 'open',
    connected: true,
    captured: false,
    ...change,
  };
}

export function joined(resumeToken = 'token-1', mediaResumed = false): ServerMessage {
  return {
    type: 'joined',
    participantId: 'me',
    room: 'lobby',
    entry: 'open',
    locked: false,
    participants: [person('me'), person('other')],
    iceServers: [{ urls: ['stun:192.0.2.1'] }],
    resumeToken,
    roomList: false,
    mayShareSound: true,
    mediaResumed,
    hearing: [],
    channels: [],
    mayWhisper: true,
    talking: [],
    shoutsTo: [],
    listeners: 0,
    chat: { keptLines: 100, keptHours: 24, slowModeSeconds: 0 },
  };
}

/** Waits until every promise that can settle has settled. */
export async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

function last<Item>(items: readonly Item[]): Item {
  const item = items.at(-1);
  if (item === undefined) throw new Error('there is none yet');
  return item;
}

export const URL = 'ws://server.test/ws';
export const OPTIONS = { room: 'lobby', name: 'Ada' };

export interface Setup {
  readonly browser: FakeBrowser;
  readonly client: VoiceClient;
  readonly states: ConnectionState[];
}

/** A client that has not joined yet. */
export function setUp(): Setup {
  const browser = new FakeBrowser();
  const client = new VoiceClient(browser.environment);
  const states: ConnectionState[] = [];
  client.on('state', (state) => states.push(state));
  return { browser, client, states };
}

/** A client in the room, with its media connected. */
export async function setUpInRoom(): Promise<Setup> {
  const setup = setUp();
  const connecting = setup.client.connect(URL, OPTIONS);
  await setup.browser.acceptJoin();
  await connecting;
  await setup.browser.acceptMedia();
  return setup;
}
