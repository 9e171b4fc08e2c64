import { type Test, test } from 'tap';
import type { Environment } from '../../../web/sdk/environment.ts';
import { MediaLink } from '../../../web/sdk/media-link.ts';
import { VoiceClient } from '../../../web/sdk/voice-client.ts';
import { MediaFallback } from '../../../web/sdk/websocket-media/media-fallback.ts';
import type { WorkerCommand, WorkerReport } from '../../../web/sdk/websocket-media/worker-messages.ts';
import { FakeBrowser, FakePeerConnection, FakeTrack, FakeWebSocket, joined, settle } from '../fake-browser.ts';

/** As browsers have them: others may listen as well. */
class ListenedWebSocket extends FakeWebSocket {
  readonly #listeners: ((event: { data: string }) => void)[] = [];

  addEventListener(_: string, listener: (event: { data: string }) => void): void {
    this.#listeners.push(listener);
  }

  override send(text: string): void {
    super.send(text);
    const message = JSON.parse(text) as { type: string; id?: number };
    if (message.type === 'ping') queueMicrotask(() => super.receive({ type: 'pong', id: message.id! }));
  }

  override receive(message: Parameters<FakeWebSocket['receive']>[0]): void {
    for (const listener of this.#listeners) listener({ data: JSON.stringify(message) });
    super.receive(message);
  }
}

/** The test plays the worker. */
class FakeWorker {
  static all: FakeWorker[] = [];
  onmessage: ((event: { data: WorkerReport }) => void) | null = null;
  onerror: (() => void) | null = null;
  isTerminated = false;
  readonly commands: WorkerCommand[] = [];

  constructor() {
    FakeWorker.all.push(this);
  }

  postMessage(command: WorkerCommand): void {
    this.commands.push(command);
  }

  terminate(): void {
    this.isTerminated = true;
  }

  report(report: WorkerReport): void {
    this.onmessage?.({ data: report });
  }
}

const node = () => ({ connect: () => {}, disconnect: () => {}, port: { postMessage: () => {}, onmessage: null } });

class FakeAudioContext {
  readonly sampleRate = 48_000;
  readonly audioWorklet = { addModule: async () => {} };
  resume = async () => {};
  close = async () => {};
  createMediaStreamDestination = () => ({
    ...node(),
    channelCount: 2,
    stream: { getAudioTracks: () => [new FakeTrack()] },
  });
  createMediaStreamSource = node;

  get outputLatency(): number {
    throw new Error('this may freeze Firefox');
  }
}

class Real extends FakePeerConnection {
  getTransceivers() {
    return this.transceiver.direction === '' ? [] : [this.transceiver];
  }
}

async function setUp(t: Test, { hasWebRtc = true } = {}) {
  const globals = { Worker: FakeWorker, AudioContext: FakeAudioContext, AudioWorkletNode: node, MediaStream: class {} };
  const before = Object.fromEntries(Object.keys(globals).map((name) => [name, Reflect.get(globalThis, name)]));
  Object.assign(globalThis, {
    ...globals,
    AudioWorkletNode: class {
      constructor() {
        Object.assign(this, node());
      }
    },
  });
  FakeWorker.all = [];
  const browser = new FakeBrowser();
  const sockets: ListenedWebSocket[] = [];
  const reals: Real[] = [];
  const vias: string[] = [];
  const environment: Environment = {
    ...browser.environment,
    openWebSocket: (url) => {
      sockets.push(new ListenedWebSocket(url));
      return sockets.at(-1) as unknown as WebSocket;
    },
    createPeerConnection: (configuration) => {
      if (!hasWebRtc) throw new Error('there is no WebRTC');
      reals.push(new Real(configuration, `real ${reals.length + 1}`));
      return reals.at(-1) as unknown as RTCPeerConnection;
    },
  };
  const media = new MediaFallback(
    {
      threads: 'threads',

      onVia: (via) => vias.push(via),
    },
    { environment, createLink: (...given) => new MediaLink(...given) },
  );
  const client = new VoiceClient(media.environment);
  const streams: unknown[] = [];
  const states: string[] = [];
  client.on('stream', (stream) => streams.push(stream));
  client.on('state', (state) => states.push(state.status === 'connected' ? state.media : state.status));
  void client.connect('https://x', { room: 'lobby', name: 'Ada' });
  const socket = () => sockets.at(-1)!;
  await browser.advance(0);
  socket().open();
  const enter = async (resumeToken = 'token-1', mediaResumed = false) => {
    socket().receive(joined(resumeToken, mediaResumed));
    await settle();
  };
  await enter();
  const worker = () => FakeWorker.all.at(-1);
  /** Five seconds without ICE. */
  const wait = async () => {
    socket().receive({ type: 'answer', sdp: 'answer' });
    await browser.advance(5000);
    // The code comes from the disk.
    for (let n = 0; n < 500 && worker() === undefined; n++) await new Promise((resolve) => setTimeout(resolve, 10));
    await settle();
  };
  const fall = async () => {
    await wait();
    worker()!.report({ type: 'attached' });
    await settle();
  };
  t.teardown(async () => {
    client.leave();
    // The sound has a timer of the browser's own.
    await browser.advance(5000);
    Object.assign(globalThis, before);
  });
  return { browser, media, client, sockets, reals, vias, streams, states, socket, enter, worker, wait, fall };
}

test('where WebRTC connects in 5 s, nothing else is loaded', async (t) => {
  const { browser, reals, worker, vias, states, socket } = await setUp(t);
  socket().receive({ type: 'answer', sdp: 'answer' });
  await browser.advance(4900);
  reals[0]!.become('connected');
  await browser.advance(60_000);
  t.equal(worker(), undefined);
  t.same(vias, []);
  t.equal(states.at(-1), 'connected');
  t.equal(reals.length, 1);
});

test('after 5 s without WebRTC the sound goes over a WebSocket, and the client sees a connection', async (t) => {
  const { client, reals, worker, vias, streams, states, media, wait, browser } = await setUp(t);
  t.equal(media.via, 'webrtc');
  await wait();
  t.match(worker()!.commands[0], {
    type: 'start',
    url: 'wss://x/media',
    room: 'lobby',
    resumeToken: 'token-1',
    sampleRate: 48_000,
  });
  t.equal(reals[0]!.isClosed, false, 'WebRTC goes on until then');
  worker()!.report({ type: 'attached' });
  await settle();
  t.same([media.via, vias, states.at(-1)], ['websocket', ['websocket'], 'connected']);
  t.equal(streams.length, 1);
  t.equal(reals[0]!.isClosed, true);
  t.equal(reals.length, 1);
  const report = await (client as unknown as { readonly state: object }).state;
  t.match(report, { status: 'connected', media: 'connected' });
  client.leave();
  await browser.advance(3000);
  t.equal(worker()!.isTerminated, true, 'who leaves has no socket left');
  t.equal(media.via, 'webrtc');
});

test('while the sound goes over a WebSocket, its statistics are those of WebRTC, as far as there are such', async (t) => {
  const { media, worker, fall } = await setUp(t);
  await fall();
  const figures = { roundTripMs: 30, packetsSent: 5, packetsReceived: 7, packetsDropped: 1, sockets: 1 };
  worker()!.report({ type: 'figures', figures });
  const stats = (await media.connection!.getStats()) as Map<string, object>;
  t.match(stats.get('websocket-media'), figures);
  t.match(stats.get('pair'), { type: 'candidate-pair', state: 'succeeded', currentRoundTripTime: 0.03 });
  t.match(stats.get('inbound'), { type: 'inbound-rtp', kind: 'audio', packetsReceived: 7, concealedSamples: 0 });
});

test('WebRTC that comes up in the meantime is used, and the WebSocket is not', async (t) => {
  const { reals, worker, vias, wait } = await setUp(t);
  await wait();
  reals[0]!.become('connected');
  t.equal(worker()!.isTerminated, true);
  worker()!.report({ type: 'attached' });
  t.same(vias, []);
});

test('a browser without WebRTC uses the WebSocket at once', async (t) => {
  const { vias, worker, browser, states } = await setUp(t, { hasWebRtc: false });
  await browser.advance(0);
  for (let n = 0; n < 500 && worker() === undefined; n++) await new Promise((resolve) => setTimeout(resolve, 10));
  await settle();
  worker()!.report({ type: 'attached' });
  await settle();
  t.same(vias, ['websocket']);
  t.equal(states.at(-1), 'connected');
});

test('WebRTC is tried beside it, more and more rarely, and the client stays connected throughout', async (t) => {
  const { browser, reals, worker, vias, states, streams, fall } = await setUp(t);
  await fall();
  const offers = () => worker()!.commands.filter(({ type }) => type === 'offer').length;
  await browser.advance(14_900);
  t.equal(reals.length, 1);
  await browser.advance(200);
  t.equal(reals.length, 2);
  t.equal(offers(), 1);
  worker()!.report({ type: 'answer', sdp: null });
  await settle();
  t.equal(reals[1]!.isClosed, true, 'the server has none');
  await browser.advance(29_000);
  t.equal(reals.length, 2);
  await browser.advance(1100);
  t.equal(reals.length, 3);
  // No answer at all, and then one that leads to nothing.
  await browser.advance(8000);
  t.equal(reals[2]!.isClosed, true);
  await browser.advance(60_000);
  worker()!.report({ type: 'answer', sdp: 'answer' });
  await browser.advance(8000);
  t.equal(reals[3]!.isClosed, true);
  await browser.advance(120_000);
  worker()!.report({ type: 'answer', sdp: 'answer' });
  await settle();
  t.match(reals[4]!.remoteDescription, { sdp: 'answer' });
  reals[4]!.ontrack?.({ track: new FakeTrack() });
  reals[4]!.become('connected');
  await settle();
  t.same(vias, ['websocket', 'webrtc']);
  t.equal(worker()!.isTerminated, true);
  t.equal(reals[4]!.isClosed, false);
  t.equal(streams.length, 2);
  t.same(new Set(states.slice(states.indexOf('connected'))), new Set(['connected']));
  // From now on it is as it was at the beginning.
  reals[4]!.become('disconnected');
  await browser.advance(5000);
  for (let n = 0; n < 500 && FakeWorker.all.length < 2; n++) await new Promise((resolve) => setTimeout(resolve, 10));
  t.equal(FakeWorker.all.length, 2);
});

test('a try that falls into a moment without the network comes when it is back', async (t) => {
  const { browser, reals, worker, fall } = await setUp(t);
  await fall();
  await browser.advance(14_000);
  worker()!.report({ type: 'lost' });
  await browser.advance(2000);
  worker()!.report({ type: 'attached' });
  await settle();
  t.equal(reals.length, 1);
  await browser.advance(5000);
  t.equal(reals.length, 2);
});

test('a browser that never makes an offer does not end the tries', async (t) => {
  const { browser, reals, fall } = await setUp(t);
  await fall();
  const { createOffer } = Real.prototype;
  Real.prototype.createOffer = () => new Promise(() => {});
  t.teardown(() => {
    Real.prototype.createOffer = createOffer;
  });
  await browser.advance(15_000);
  t.equal(reals.length, 2);
  await browser.advance(8000);
  t.equal(reals[1]!.isClosed, true);
  await browser.advance(30_100);
  t.equal(reals.length, 3);
});

test('a changed network is a reason to try at once, but not all the time', async (t) => {
  const { browser, client, reals, fall } = await setUp(t);
  await fall();
  client.networkChanged();
  await settle();
  t.equal(reals.length, 2);
  client.networkChanged();
  await browser.advance(6000);
  t.equal(reals.length, 2);
});

test('a WebSocket that is lost is seen, comes back, or is given up for WebRTC', async (t) => {
  const { browser, reals, worker, vias, states, fall } = await setUp(t);
  await fall();
  worker()!.report({ type: 'lost' });
  t.equal(states.at(-1), 'connecting');
  worker()!.report({ type: 'attached' });
  await settle();
  t.equal(states.at(-1), 'connected');
  t.same(vias, ['websocket']);
  worker()!.report({ type: 'lost' });
  await browser.advance(14_900);
  t.equal(worker()!.isTerminated, false);
  await browser.advance(200);
  t.equal(worker()!.isTerminated, true);
  t.same(vias, ['websocket', 'webrtc']);
  await browser.advance(10_000);
  t.ok(reals.length > 1, 'the client makes another connection');
});

test('what fails at once is tried again later', async (t) => {
  for (const failure of [{ type: 'unsupported' }, { type: 'gone' }] as const) {
    const { browser, worker, wait, vias } = await setUp(t);
    await wait();
    worker()!.report(failure);
    t.equal(worker()!.isTerminated, true);
    const { length } = FakeWorker.all;
    await browser.advance(5000);
    t.equal(FakeWorker.all.length, length + 1);
    t.same(vias, []);
  }
});

test('who joins as somebody else gets a socket of their own at once', async (t) => {
  const { browser, sockets, socket, worker, enter, fall, vias } = await setUp(t);
  await fall();
  const [before] = FakeWorker.all;
  socket().drop();
  await browser.advance(2000);
  t.equal(sockets.length, 2);
  socket().open();
  await enter('token-2');
  await browser.advance(100);
  t.equal(before!.isTerminated, true);
  t.match(worker()!.commands[0], { resumeToken: 'token-2' });
  worker()!.report({ type: 'attached' });
  await settle();
  t.same(vias, ['websocket', 'webrtc', 'websocket']);
});

test('the same participant keeps the socket', async (t) => {
  const { browser, socket, worker, enter, fall, vias, states } = await setUp(t);
  await fall();
  socket().drop();
  await browser.advance(2000);
  socket().open();
  await enter('token-1', true);
  t.equal(worker()!.isTerminated, false);
  t.same(vias, ['websocket']);
  t.equal(states.at(-1), 'connected');
});
