/** What the page and the worker of `worker.ts` say to each other, and the worker and the worklet. */
import type { MediaSocketFigures } from './media-socket.ts';

export type WorkerCommand =
  | {
      readonly type: 'start';
      readonly url: string;
      readonly room: string;
      readonly resumeToken: string;
      /** Of the microphone's frames. */
      readonly sampleRate: number;
      /** Brings frames of the voice (`Float32Array` of 20 ms). */
      readonly capture: MessagePort;
      /** Takes frames of the mix (`MixFrame`). */
      readonly playout: MessagePort;
    }
  | { readonly type: 'offer'; readonly sdp: string }
  | { readonly type: 'figures' };

export type WorkerReport =
  | { readonly type: 'attached' | 'lost' | 'gone' | 'unsupported' }
  | { readonly type: 'answer'; readonly sdp: string | null }
  | { readonly type: 'figures'; readonly figures: MediaSocketFigures };

export interface MixFrame {
  /** At 48 kHz. */
  readonly samples: Float32Array;
  /** Nothing may follow it for a while. */
  readonly isLast: boolean;
}

/** Goes to the playout processor, whose own port it is. */
export interface PlayoutPort {
  readonly port: MessagePort;
}
