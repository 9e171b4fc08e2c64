import type { Environment } from './environment.ts';
import type { MediaSession } from './media-session.ts';
import { measureQuality, noTotals, type Quality, type QualityTotals } from './quality.ts';

export interface QualityWatchOptions {
  readonly environment: Environment;
  /** Whether audio flows; without it there is nothing to measure. */
  readonly hasSound: () => boolean;
  /** Every two seconds while audio flows, before `onQuality`. */
  readonly onReport: (report: RTCStatsReport) => void;
  /** Every two seconds; null while no audio flows. */
  readonly onQuality: (quality: Quality | null) => void;
}

const INTERVAL_MS = 2000;

/** Regularly measures the connection quality of a media session. */
export class QualityWatch {
  readonly #options: QualityWatchOptions;
  #media: MediaSession | null = null;
  #totals: QualityTotals = noTotals;
  #cancel = () => {};

  constructor(options: QualityWatchOptions) {
    this.#options = options;
  }

  start(media: MediaSession): void {
    this.#media = media;
    this.#totals = noTotals;
    this.#schedule();
  }

  stop(): void {
    this.#media = null;
    this.#cancel();
  }

  #schedule(): void {
    this.#cancel();
    this.#cancel = this.#options.environment.setTimer(INTERVAL_MS, () => {
      this.#schedule();
      void this.#measure(this.#media);
    });
  }

  async #measure(media: MediaSession | null): Promise<void> {
    const report = await media?.stats().catch(() => null);
    if (!media || media !== this.#media) return;
    const { hasSound, onReport, onQuality } = this.#options;
    if (!report || !hasSound()) {
      this.#totals = noTotals;
      onQuality(null);
      return;
    }
    const { quality, totals } = measureQuality(report.values(), this.#totals);
    this.#totals = totals;
    onReport(report);
    onQuality(quality);
  }
}
