/** The scope of a file on the browser's audio thread (Web Audio API section 1.32), as far as it is used here. */
declare abstract class AudioWorkletProcessor {
  readonly port: MessagePort;
  abstract process(inputs: Float32Array[][], outputs: Float32Array[][]): boolean;
}
declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;
/** In Hz. */
declare const sampleRate: number;
