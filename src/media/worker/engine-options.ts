/** What a media engine is given. */
import type { Clock, Millis } from '../../lib/clock.ts';
import type { ThreadLoad } from '../../lib/thread-load.ts';
import type { Codec } from '../../mixer/codec/codec.ts';
import type { MediaPort } from '../../rtc/net/media-port.ts';
import type { Heartbeat } from '../link/heartbeat.ts';
import type { MediaEvent } from '../link/messages.ts';

/** See `ThreadLoadMeter`. */
export interface LoadMeter {
  measure(nowMs: Millis): ThreadLoad;
  close?(): void;
}

export interface MediaEngineOptions {
  readonly port: MediaPort;
  readonly clock: Clock;
  readonly emit: (event: MediaEvent) => void;
  /** Measures the load of this thread; a real meter by default. */
  readonly loadMeter?: LoadMeter;
  /** Updated on each tick. */
  readonly heartbeat?: Heartbeat;
  /** Returns a number in [0, 1), where RTP requires unpredictable values; from the system by default. */
  readonly random?: () => number;
  /** Opus by default. */
  readonly codec?: Codec;
}
