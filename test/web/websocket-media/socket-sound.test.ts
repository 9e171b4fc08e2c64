import { type Test, test } from 'tap';
import { SocketSound } from '../../../web/sdk/websocket-media/socket-sound.ts';
import type { WorkerCommand, WorkerReport } from '../../../web/sdk/websocket-media/worker-messages.ts';
import { eventually } from '../../helpers/eventually.ts';
import { replaceGlobals } from '../../helpers/fake-web-codecs.ts';

const THREADS = 'blob:threads';

class FakeNode {
  readonly name: string;
  readonly port = {
    onmessage: null as ((event: { data: unknown }) => void) | null,
    sent: [] as unknown[],
    postMessage: (message: unknown) => this.port.sent.push(message),
  };
  readonly connected: unknown[] = [];
  isConnected = true;

  constructor(_: unknown, name: string) {
    this.name = name;
    nodes.push(this);
  }

  connect(to: unknown): void {
    this.connected.push(to);
  }

  disconnect(): void {
    this.isConnected = false;
  }
}
const nodes: FakeNode[] = [];
const named = (name: string) => nodes.filter((node) => node.name === name);

/** A page without sound: what it asks of the browser is recorded. */
function setUp(t: Test, { moduleFails = false } = {}) {
  nodes.length = 0;
  const log: string[] = [];
  const mix = { kind: 'audio', stop: () => log.push('mix stopped') } as unknown as MediaStreamTrack;
  const destination = { channelCount: 2, stream: { getAudioTracks: () => [mix] } };
  const worker = {
    commands: [] as WorkerCommand[],
    onmessage: null as ((event: { data: WorkerReport }) => void) | null,
    onerror: null as (() => void) | null,
    postMessage: (command: WorkerCommand) => worker.commands.push(command),
    terminate: () => log.push('worker ended'),
  };
  const pages = new EventTarget();
  replaceGlobals(t, {
    Worker: function FakeWorker(this: object, url: string) {
      log.push(`worker ${url}`);
      return worker;
    },
    AudioContext: class {
      readonly sampleRate: number;
      readonly audioWorklet = {
        addModule: async (url: string) => {
          if (moduleFails) throw new Error('no such module');
          log.push(`worklet ${url}`);
        },
      };
      constructor({ sampleRate }: { sampleRate: number }) {
        this.sampleRate = sampleRate;
      }
      get outputLatency(): number {
        throw new Error('it freezes Firefox');
      }
      async resume() {
        log.push('resumed');
      }
      async close() {
        log.push('context closed');
      }
      createMediaStreamDestination = () => destination;
      createMediaStreamSource = () => new FakeNode(null, 'source');
    },
    AudioWorkletNode: FakeNode,
    MediaStream: class {},
    addEventListener: pages.addEventListener.bind(pages),
    removeEventListener: pages.removeEventListener.bind(pages),
  });
  const track = { kind: 'audio' } as MediaStreamTrack;
  const sound = new SocketSound({
    threads: THREADS,
    url: 'ws://localhost/media',
    room: 'lobby',
    resumeToken: 'resume',
    track,
    onAttached: (track) => log.push(track === mix ? 'attached' : 'attached to something else'),
    onLost: () => log.push('lost'),
    onFailed: () => log.push('failed'),
  });
  t.teardown(() => {
    sound.close();
    // Nothing of it may keep the process.
    for (const command of worker.commands)
      if (command.type === 'start') for (const port of [command.capture, command.playout]) port.close();
  });
  const report = (data: WorkerReport) => worker.onmessage?.({ data });
  const click = () => pages.dispatchEvent(new Event('click'));
  return { sound, worker, log, track, report, click, destination };
}

test('the worker and both worklets get each other, and the page gets the mix', async (t) => {
  const { sound, worker, log, report, click, destination } = setUp(t);
  await eventually(() => worker.commands.length > 0);
  t.strictSame(log.splice(0), [`worker ${THREADS}`, 'resumed', `worklet ${THREADS}`]);
  t.match(worker.commands[0], { type: 'start', url: 'ws://localhost/media', room: 'lobby', sampleRate: 48_000 });
  const [capture] = named('media-capture');
  const [playout] = named('media-playout');
  const [source] = named('source');
  t.strictSame(source?.connected, [capture], 'the microphone goes to the worklet');
  t.equal(playout?.connected[0], destination);
  t.equal(destination.channelCount, 1);
  for (const node of [capture, playout]) t.match(node?.port.sent, [{ port: MessagePort }]);
  click();
  t.strictSame(log.splice(0), ['resumed'], 'a click starts a context that waits for one');
  report({ type: 'attached' });
  report({ type: 'lost' });
  report({ type: 'unsupported' });
  report({ type: 'gone' });
  t.strictSame(log.splice(0), ['attached', 'lost', 'failed', 'failed']);
  for (const node of nodes) for (const port of node.port.sent as { port: MessagePort }[]) port.port.close();
  sound.close();
  sound.close();
  t.strictSame(log.splice(0).sort(), ['context closed', 'mix stopped', 'worker ended']);
  report({ type: 'attached' });
  click();
  t.strictSame(log, [], 'nothing comes after the end');
});

test('another microphone replaces the one before, and none sends silence', async (t) => {
  const { sound, worker } = setUp(t);
  await eventually(() => worker.commands.length > 0);
  sound.setTrack({ kind: 'audio' } as MediaStreamTrack);
  t.strictSame(
    named('source').map(({ isConnected }) => isConnected),
    [false, true],
  );
  sound.setTrack(null);
  t.ok(named('source').every(({ isConnected }) => !isConnected));
  for (const node of nodes) for (const port of node.port.sent as { port: MessagePort }[]) port.port.close();
});

test('an offer has one answer, or none', async (t) => {
  const { sound, worker, report } = setUp(t);
  await eventually(() => worker.commands.length > 0);
  const first = sound.offer('one');
  t.match(worker.commands.at(-1), { type: 'offer', sdp: 'one' });
  const second = sound.offer('two');
  t.equal(await first, null, 'the next one replaces it');
  report({ type: 'answer', sdp: 'answer to two' });
  t.equal(await second, 'answer to two');
  const third = sound.offer('three');
  sound.close();
  t.equal(await third, null);
  for (const node of nodes) for (const port of node.port.sent as { port: MessagePort }[]) port.port.close();
});

test('statistics have the form of WebRTC', async (t) => {
  const { sound, worker, report } = setUp(t);
  await eventually(() => worker.commands.length > 0);
  t.match(sound.stats().get('inbound'), { packetsReceived: 0, concealedSamples: 0 }, 'before there are any');
  const figures = { roundTripMs: 40, packetsSent: 5, packetsReceived: 7, packetsDropped: 1, sockets: 1 };
  report({ type: 'figures', figures });
  const played = { playedMs: 1000, missingMs: 20, waitedMs: 30_000, underruns: 1 };
  named('media-playout')[0]?.port.onmessage?.({ data: played });
  const stats = sound.stats();
  t.match(stats.get('pair'), { type: 'candidate-pair', nominated: true, currentRoundTripTime: 0.04 });
  t.match(stats.get('inbound'), {
    type: 'inbound-rtp',
    packetsReceived: 7,
    packetsLost: 0,
    concealedSamples: 960,
    totalSamplesReceived: 48_960,
    jitterBufferDelay: 30,
    jitterBufferEmittedCount: 48_000,
  });
  t.match(stats.get('websocket-media'), { packetsDropped: 1, underruns: 1 });
  for (const node of nodes) for (const port of node.port.sent as { port: MessagePort }[]) port.port.close();
});

test('without its files it fails, and does not throw', async (t) => {
  const { worker, log } = setUp(t, { moduleFails: true });
  await eventually(() => log.includes('failed'));
  t.strictSame(worker.commands, []);
  worker.onerror?.();
  t.equal(log.filter((line) => line === 'failed').length, 2);
});
