/** A worker of its own: the page may be busy, and its timers are slow when nobody looks. */
import { MediaSocket } from './media-socket.ts';
import { levelDbov, SendGate } from './send-gate.ts';
import { createDecoder, createEncoder, hasWebCodecs } from './voice-codec.ts';
import type { MixFrame, WorkerCommand, WorkerReport } from './worker-messages.ts';

/** The scope of a worker, as far as it is used here. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<WorkerCommand>) => void) | null;
  postMessage(report: WorkerReport): void;
}

const scope = globalThis as unknown as WorkerScope;
const FRAME_SAMPLES = 960;
/** The server's packets of silence have no more. */
const SILENCE_LENGTH = 3;
let socket: MediaSocket | null = null;

async function start(command: WorkerCommand & { type: 'start' }): Promise<void> {
  const { url, room, resumeToken, sampleRate, capture, playout } = command;
  if (!(await hasWebCodecs(sampleRate))) {
    scope.postMessage({ type: 'unsupported' });
    return;
  }
  const silences: boolean[] = [];
  const decoder = createDecoder((samples) => {
    const frame: MixFrame = { samples, isLast: silences.shift() ?? false };
    playout.postMessage(frame, [samples.buffer as ArrayBuffer]);
  });
  const media = new MediaSocket({
    url,
    room,
    resumeToken,
    now: () => performance.now(),
    open: (address) => new WebSocket(address),
    setTimer: (delayMs, callback) => {
      const timer = setTimeout(callback, delayMs);
      return () => clearTimeout(timer);
    },
    onAttached: () => scope.postMessage({ type: 'attached' }),
    onLost: () => scope.postMessage({ type: 'lost' }),
    onGone: () => scope.postMessage({ type: 'gone' }),
    onAnswer: (sdp) => scope.postMessage({ type: 'answer', sdp }),
    onPacket: (packet) => {
      // Some packets give no samples, so the two lists can differ by a few.
      if (silences.length > 10) silences.length = 0;
      silences.push(packet.length <= SILENCE_LENGTH);
      decoder.decode(packet);
    },
  });
  socket = media;
  const gate = new SendGate();
  let time = 0;
  const encoder = createEncoder(sampleRate, (packet, level) => {
    if (gate.next(level)) media.sendVoice(packet, level, time);
    time += FRAME_SAMPLES;
  });
  capture.onmessage = ({ data }: MessageEvent<Float32Array>) => {
    encoder.encode(data, levelDbov(data));
  };
}

/** Call it once in the scope of a worker. */
export function runMediaWorker(): void {
  scope.onmessage = ({ data }) => {
    if (data.type === 'start') void start(data);
    else if (data.type === 'offer') socket?.offer(data.sdp);
    else if (socket !== null) scope.postMessage({ type: 'figures', figures: socket.figures });
  };
}
