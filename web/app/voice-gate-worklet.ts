import { type GateReport, isGateSetting } from './voice/gate-messages.ts';
import { VoiceGate } from './voice/voice-gate.ts';

const REPORT_MS = 100;

/** The gate on the browser's audio thread. Its port takes a `GateSetting` and sends a `GateReport` ten times a second. */
class VoiceGateProcessor extends AudioWorkletProcessor {
  readonly #gate = new VoiceGate(sampleRate);
  #blocksUntilReport = 0;

  constructor() {
    super();
    this.port.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (isGateSetting(data)) this.#gate.chosenThresholdDbfs = data.thresholdDbfs;
    };
  }

  override process(inputs: Float32Array[][], outputs: Float32Array[][]): boolean {
    const [input, output] = [inputs[0]?.[0], outputs[0]?.[0]];
    if (input === undefined || output === undefined) return true;
    this.#gate.process(input, output);
    if (--this.#blocksUntilReport < 0) {
      this.#blocksUntilReport = Math.round((sampleRate * REPORT_MS) / 1000 / input.length);
      const { isOpen, thresholdDbfs } = this.#gate;
      this.port.postMessage({ isOpen, thresholdDbfs } satisfies GateReport);
    }
    return true;
  }
}

registerProcessor('voice-gate', VoiceGateProcessor);
