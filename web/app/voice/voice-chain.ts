import type { GateReport, GateSetting } from './gate-messages.ts';
import { loadWorklet } from './worklets.ts';

/** What this page does to the voice before it sends it. */
export interface VoiceShape {
  readonly gainDb: number;
  /** Removes noise better than the browser does, for more delay and CPU. */
  readonly isStrong: boolean;
  /** Null: everything is let through. */
  readonly gate: GateSetting | null;
}

/** The delay of the voice may grow, and its quality may suffer, so it only goes through a chain that does something. */
export function isNeutral({ gainDb, isStrong, gate }: VoiceShape): boolean {
  return gainDb === 0 && !isStrong && gate === null;
}

/** Whether one chain can have both shapes, by `adjust`. */
export function isSameChain(a: VoiceShape, b: VoiceShape): boolean {
  return (a.gate === null) === (b.gate === null) && a.isStrong === b.isStrong;
}

/** The strong noise suppression knows this sample rate, and Opus has it. */
const SAMPLE_RATE = 48_000;
/** Browsers start the audio thread of a page within milliseconds, or wait for a click. */
const START_MS = 2000;

/** Processes the microphone on the browser's audio thread: gain, noise suppression, gate. */
export class VoiceChain {
  /** What to send in place of the microphone. */
  readonly track: MediaStreamTrack;
  readonly #context: AudioContext;
  readonly #gain: GainNode;
  readonly #gate: AudioWorkletNode | null;
  readonly #stopStrong: () => void;

  private constructor(nodes: ChainNodes) {
    this.#context = nodes.context;
    this.#gain = nodes.gain;
    this.#gate = nodes.gate;
    this.#stopStrong = nodes.strong === null ? () => {} : () => nodes.strong?.destroy();
    const [track] = nodes.destination.stream.getAudioTracks();
    if (track === undefined) throw new Error('The browser made a destination without a track.');
    this.track = track;
  }

  /**
   * Rejects if the browser cannot do it, or waits for a click of the person.
   * @param onGate ten times a second, if there is a gate
   */
  static async open(
    microphone: MediaStreamTrack,
    shape: VoiceShape,
    onGate: (report: GateReport) => void,
  ): Promise<VoiceChain> {
    const context = new AudioContext({ sampleRate: SAMPLE_RATE });
    try {
      await within(START_MS, context.resume());
      const gain = context.createGain();
      const strong = shape.isStrong ? await openStrong(context) : null;
      const gate = shape.gate === null ? null : await openGate(context, onGate);
      const destination = context.createMediaStreamDestination();
      destination.channelCount = 1;
      let last: AudioNode = context.createMediaStreamSource(new MediaStream([microphone]));
      for (const node of [gain, strong, gate, destination]) if (node !== null) last = last.connect(node);
      const chain = new VoiceChain({ context, gain, strong, gate, destination });
      chain.adjust(shape);
      return chain;
    } catch (thrown) {
      void context.close();
      throw thrown;
    }
  }

  /** Changes what can be changed without an interruption: the gain and the threshold. */
  adjust({ gainDb, gate }: VoiceShape): void {
    this.#gain.gain.setTargetAtTime(10 ** (gainDb / 20), this.#context.currentTime, 0.02);
    if (gate !== null) this.#gate?.port.postMessage(gate satisfies GateSetting);
  }

  close(): void {
    this.#stopStrong();
    this.track.stop();
    void this.#context.close();
  }
}

interface ChainNodes {
  readonly context: AudioContext;
  readonly gain: GainNode;
  readonly strong: (AudioNode & { destroy(): void }) | null;
  readonly gate: AudioWorkletNode | null;
  readonly destination: MediaStreamAudioDestinationNode;
}

async function openGate(context: AudioContext, onGate: (report: GateReport) => void): Promise<AudioWorkletNode> {
  await loadWorklet(context, 'voice-gate');
  const node = new AudioWorkletNode(context, 'voice-gate', { channelCount: 1, channelCountMode: 'explicit' });
  node.port.onmessage = ({ data }: MessageEvent<GateReport>) => onGate(data);
  return node;
}

async function openStrong(context: AudioContext): Promise<AudioNode & { destroy(): void }> {
  const [{ createStrongSuppression }] = await Promise.all([
    import('./strong-suppression.ts'),
    loadWorklet(context, 'strong-suppression'),
  ]);
  return createStrongSuppression(context);
}

/** Rejects if the promise has not settled by then. */
async function within<T>(limitMs: number, promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`The browser did not start it within ${limitMs} ms.`)), limitMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
