import { batch, signal } from '@preact/signals';
import type { GateReport } from './gate-messages.ts';
import { isNeutral, isSameChain, VoiceChain, type VoiceShape } from './voice-chain.ts';

/** How to make a chain; tests have their own. */
export type OpenChain = (
  microphone: MediaStreamTrack,
  shape: VoiceShape,
  onGate: (report: GateReport) => void,
) => Promise<Pick<VoiceChain, 'track' | 'adjust' | 'close'>>;

interface Current {
  readonly microphone: MediaStreamTrack;
  readonly chain: Awaited<ReturnType<OpenChain>>;
  shape: VoiceShape;
}

/**
 * The voice as this page sends it. If the browser cannot process it, the voice is sent as it comes from the microphone,
 * and `isBypassed` tells so: being heard matters most.
 */
export class ShapedVoice {
  /** Null: the microphone's own track is right. */
  readonly track = signal<MediaStreamTrack | null>(null);
  readonly isBypassed = signal(false);
  /** What the gate does; null without one. */
  readonly gate = signal<GateReport | null>(null);
  readonly #open: OpenChain;
  #current: Current | null = null;
  /** Counts the wishes, because a chain takes time to open. */
  #wish = 0;

  constructor(open: OpenChain = VoiceChain.open) {
    this.#open = open;
  }

  /** From now on the voice of this microphone in this shape. Never rejects. */
  async shape(microphone: MediaStreamTrack, shape: VoiceShape): Promise<void> {
    const wish = ++this.#wish;
    const current = this.#current;
    if (isNeutral(shape)) return this.#use(null, false);
    if (current?.microphone === microphone && isSameChain(shape, current.shape)) {
      current.shape = shape;
      current.chain.adjust(shape);
      return;
    }
    try {
      const chain = await this.#open(microphone, shape, (report) => {
        if (this.#current?.chain === chain) this.gate.value = report;
      });
      if (wish === this.#wish) this.#use({ microphone, chain, shape }, false);
      else chain.close();
    } catch {
      if (wish === this.#wish) this.#use(null, true);
    }
  }

  /** The microphone is gone. */
  close(): void {
    this.#wish++;
    this.#use(null, false);
  }

  #use(next: Current | null, isBypassed: boolean): void {
    const previous = this.#current;
    this.#current = next;
    batch(() => {
      this.track.value = next?.chain.track ?? null;
      this.isBypassed.value = isBypassed;
      this.gate.value = null;
    });
    previous?.chain.close();
  }
}
