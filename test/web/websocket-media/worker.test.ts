import { test } from 'tap';
import { readFrame, writeVoice } from '../../../web/sdk/websocket-media/frame.ts';
import { runMediaWorker } from '../../../web/sdk/websocket-media/worker.ts';
import type { MixFrame, WorkerCommand, WorkerReport } from '../../../web/sdk/websocket-media/worker-messages.ts';
import { eventually } from '../../helpers/eventually.ts';
import { chunkOf, fakeWebCodecs, replaceGlobals, samplesOf } from '../../helpers/fake-web-codecs.ts';

/** The server's end of a WebSocket. */
class FakeSocket {
  static readonly all: FakeSocket[] = [];
  readonly url: string;
  readyState = 0;
  bufferedAmount = 0;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  readonly sent: unknown[] = [];

  constructor(url: string) {
    this.url = url;
    FakeSocket.all.push(this);
  }

  send(data: unknown): void {
    this.sent.push(data);
  }

  close(): void {
    this.readyState = 3;
  }

  attach(): void {
    this.readyState = 1;
    this.onopen?.();
    this.say({ type: 'attached' });
  }

  say(message: object): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }

  sound(sequence: number, ...packet: number[]): void {
    const data = writeVoice({ sequence, time: 0, levelDbov: 0, packet: Uint8Array.from(packet) });
    this.onmessage?.({ data });
  }

  /** Levels of the voice that went up. */
  get voices() {
    return this.sent.flatMap((data) => {
      if (!(data instanceof ArrayBuffer) || readFrame(data)?.kind !== 'sound') return [];
      const view = new DataView(data);
      return [{ levelDbov: -(view.getUint16(2) & 0x7f), time: view.getUint32(12) }];
    });
  }
}

const loud = () => new Float32Array(960).fill(0.5);
const silence = () => new Float32Array(960);

test('the worker carries the voice up and the mix down', async (t) => {
  let isSupported = false;
  const { encoders, decoders } = fakeWebCodecs(t, { isSupported: () => isSupported });
  const reports: WorkerReport[] = [];
  const scope = {
    onmessage: null as ((event: { data: WorkerCommand }) => void) | null,
    postMessage: (report: WorkerReport) => reports.push(report),
    WebSocket: FakeSocket,
  };
  replaceGlobals(t, scope);
  runMediaWorker();
  const { onmessage } = globalThis as unknown as typeof scope;
  const capture = { onmessage: null as ((event: { data: Float32Array }) => void) | null };
  const mix: MixFrame[] = [];
  const playout = { postMessage: (frame: MixFrame) => mix.push(frame) };
  const start = {
    type: 'start',
    url: 'ws://localhost/media',
    room: 'lobby',
    resumeToken: 'resume',
    sampleRate: 48_000,
    capture,
    playout,
  } as unknown as WorkerCommand;
  const tell = (data: WorkerCommand) => onmessage?.({ data });

  tell({ type: 'figures' });
  tell({ type: 'offer', sdp: 'too early' });
  t.strictSame(reports, [], 'nothing has started');
  tell(start);
  await eventually(() => reports.length > 0);
  t.strictSame(reports.splice(0), [{ type: 'unsupported' }]);
  t.equal(FakeSocket.all.length, 0, 'without a codec the server is not asked');

  isSupported = true;
  tell(start);
  await eventually(() => FakeSocket.all.length > 0);
  // The last one: a busy machine may have tried again meanwhile.
  const socket = FakeSocket.all.at(-1);
  t.equal(socket?.url, 'ws://localhost/media');
  socket?.attach();
  t.strictSame(reports.splice(0), [{ type: 'attached' }]);
  t.strictSame(JSON.parse(String(socket?.sent[0])), { type: 'attach', room: 'lobby', resumeToken: 'resume' });

  // The voice: half of full scale is -6 dBov. While nothing is said, one packet in 400 ms goes up.
  capture.onmessage?.({ data: loud() });
  for (let frame = 0; frame < 55; frame++) capture.onmessage?.({ data: silence() });
  for (let frame = 0; frame < 56; frame++) encoders[0]?.output(chunkOf(1, 2, 3, 4));
  const levels = socket?.voices.map(({ levelDbov }) => levelDbov) ?? [];
  t.equal(levels[0], -6);
  t.equal(levels.length, 1 + 15 + 2, 'the voice, 300 ms of silence, and two packets for the rest');
  t.strictSame(socket?.voices.at(-1)?.time, 55 * 960, 'what is left out takes its time');

  // The mix: nothing follows a packet of silence for a while.
  socket?.sound(1, 0xfc, 1, 2, 3, 4);
  socket?.sound(2, 0xf8, 0xff, 0xfe);
  t.equal(decoders[0]?.given.length, 2);
  decoders[0]?.output(samplesOf(0.5));
  decoders[0]?.output(samplesOf(0));
  t.match(mix, [{ isLast: false }, { isLast: true }]);

  tell({ type: 'offer', sdp: 'offered' });
  t.strictSame(JSON.parse(String(socket?.sent.at(-1))), { type: 'offer', sdp: 'offered' });
  socket?.say({ type: 'answer', sdp: 'answered' });
  t.strictSame(reports.splice(0), [{ type: 'answer', sdp: 'answered' }]);
  tell({ type: 'figures' });
  t.match(reports.splice(0), [{ type: 'figures', figures: { packetsReceived: 2, packetsSent: 18, sockets: 1 } }]);

  socket?.say({ type: 'error', code: 'unknown_participant', message: '' });
  t.strictSame(reports.splice(0), [{ type: 'gone' }]);
});
