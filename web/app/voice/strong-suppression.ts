import { GtcrnWorkletNode, loadGtcrn } from '@sapphi-red/web-noise-suppressor';
import wasm from '@sapphi-red/web-noise-suppressor/gtcrn.wasm';

/** A network that was trained to keep the voice and drop everything else (GTCRN). Its worklet must be loaded before. */
export async function createStrongSuppression(context: AudioContext): Promise<GtcrnWorkletNode> {
  return new GtcrnWorkletNode(context, { wasmBinary: await loadGtcrn({ url: wasm }), maxChannels: 1 });
}
