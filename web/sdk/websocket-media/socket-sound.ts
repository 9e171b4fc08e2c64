/** The sound of a participant over a WebSocket: a worker, two worklets, and what the page plays. Loaded when it is needed. */
import type { MediaSocketFigures } from './media-socket.ts';
import type { PlayoutFigures } from './playout-buffer.ts';
import type { WorkerCommand, WorkerReport } from './worker-messages.ts';

export interface SocketSoundOptions {
  /** See `WebSocketMediaOptions`. */
  readonly threads: string | URL;
  readonly url: string;
  readonly room: string;
  readonly resumeToken: string;
  /** What is sent; null: nothing. */
  readonly track: MediaStreamTrack | null;
  /** Sound goes over the WebSocket. The track is the mix. */
  readonly onAttached: (mix: MediaStreamTrack) => void;
  /** Nothing comes any more; it is tried again. */
  readonly onLost: () => void;
  /** It will not work. */
  readonly onFailed: () => void;
}

const RATE = 48_000;
const FIGURES_EVERY_MS = 1000;

export class SocketSound {
  readonly #options: SocketSoundOptions;
  readonly #worker: Worker;
  readonly #context = new AudioContext({ sampleRate: RATE, latencyHint: 'interactive' });
  #source: MediaStreamAudioSourceNode | null = null;
  #capture: AudioWorkletNode | null = null;
  #mix: MediaStreamTrack | null = null;
  #track: MediaStreamTrack | null;
  #answer: (sdp: string | null) => void = () => {};
  #socketFigures: MediaSocketFigures | null = null;
  #playoutFigures: PlayoutFigures | null = null;
  readonly #figuresTimer: ReturnType<typeof setInterval>;
  readonly #unlock = () => void this.#context.resume();
  #isClosed = false;

  constructor(options: SocketSoundOptions) {
    this.#options = options;
    this.#track = options.track;
    this.#worker = new Worker(options.threads, { type: 'module' });
    this.#worker.onmessage = ({ data }: MessageEvent<WorkerReport>) => this.#report(data);
    this.#worker.onerror = () => options.onFailed();
    this.#figuresTimer = setInterval(() => this.#post({ type: 'figures' }), FIGURES_EVERY_MS);
    // Without a click in the page before, the context waits for one.
    globalThis.addEventListener?.('click', this.#unlock);
    this.#start().catch(() => options.onFailed());
  }

  setTrack(track: MediaStreamTrack | null): void {
    this.#track = track;
    this.#source?.disconnect();
    this.#source = null;
    if (track === null || this.#capture === null || this.#isClosed) return;
    this.#source = this.#context.createMediaStreamSource(new MediaStream([track]));
    this.#source.connect(this.#capture);
  }

  /** The server's answer to an offer; null if it has none. */
  offer(sdp: string): Promise<string | null> {
    this.#answer(null);
    return new Promise((resolve) => {
      this.#answer = resolve;
      this.#post({ type: 'offer', sdp });
    });
  }

  /** As browsers have it for WebRTC, as far as that makes sense. */
  stats(): Map<string, object> {
    const socket = this.#socketFigures;
    const playout = this.#playoutFigures;
    const timestamp = performance.now();
    const entries = [
      // Without `outputLatency`, which freezes Firefox: it asks its sound thread for it, holding a lock that this thread
      // may be waiting for (seen in Firefox 153 ESR).
      { id: 'websocket-media', type: 'websocket-media', timestamp, ...socket, ...playout },
      {
        id: 'pair',
        type: 'candidate-pair',
        nominated: true,
        state: 'succeeded',
        timestamp,
        ...(typeof socket?.roundTripMs === 'number' && { currentRoundTripTime: socket.roundTripMs / 1000 }),
      },
      {
        id: 'inbound',
        type: 'inbound-rtp',
        kind: 'audio',
        timestamp,
        packetsLost: 0,
        packetsReceived: socket?.packetsReceived ?? 0,
        totalSamplesReceived: ((playout?.playedMs ?? 0) + (playout?.missingMs ?? 0)) * (RATE / 1000),
        concealedSamples: (playout?.missingMs ?? 0) * (RATE / 1000),
        jitterBufferDelay: (playout?.waitedMs ?? 0) / 1000,
        jitterBufferEmittedCount: (playout?.playedMs ?? 0) * (RATE / 1000),
      },
    ];
    return new Map(entries.map((entry) => [entry.id, entry]));
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#figuresTimer);
    globalThis.removeEventListener?.('click', this.#unlock);
    this.#answer(null);
    this.#worker.terminate();
    this.#source?.disconnect();
    this.#mix?.stop();
    void this.#context.close();
  }

  async #start(): Promise<void> {
    const context = this.#context;
    const { threads, url, room, resumeToken } = this.#options;
    void context.resume();
    await context.audioWorklet.addModule(threads);
    if (this.#isClosed) return;
    const destination = context.createMediaStreamDestination();
    destination.channelCount = 1;
    this.#mix = destination.stream.getAudioTracks()[0] ?? null;
    const playout = new AudioWorkletNode(context, 'media-playout', { numberOfInputs: 0, outputChannelCount: [1] });
    const capture = new AudioWorkletNode(context, 'media-capture', { outputChannelCount: [1] });
    playout.port.onmessage = ({ data }: MessageEvent<PlayoutFigures>) => {
      this.#playoutFigures = data;
    };
    playout.connect(destination);
    // It puts out silence; without a way to the destination, nobody would run it.
    capture.connect(destination);
    this.#capture = capture;
    this.setTrack(this.#track);
    const [fromCapture, toWorker] = portsOf(new MessageChannel());
    const [fromWorker, toPlayout] = portsOf(new MessageChannel());
    capture.port.postMessage({ port: fromCapture }, [fromCapture]);
    playout.port.postMessage({ port: toPlayout }, [toPlayout]);
    this.#post(
      {
        type: 'start',
        url,
        room,
        resumeToken,
        sampleRate: context.sampleRate,
        capture: toWorker,
        playout: fromWorker,
      },
      [toWorker, fromWorker],
    );
  }

  #report(report: WorkerReport): void {
    if (this.#isClosed) return;
    if (report.type === 'attached' && this.#mix !== null) this.#options.onAttached(this.#mix);
    else if (report.type === 'lost') this.#options.onLost();
    else if (report.type === 'gone' || report.type === 'unsupported') this.#options.onFailed();
    else if (report.type === 'answer') this.#answer(report.sdp);
    else if (report.type === 'figures') this.#socketFigures = report.figures;
  }

  #post(command: WorkerCommand, ports: MessagePort[] = []): void {
    if (!this.#isClosed) this.#worker.postMessage(command, ports);
  }
}

function portsOf({ port1, port2 }: MessageChannel): [MessagePort, MessagePort] {
  return [port1, port2];
}
