/** One file of a running recording, and what its manifest says about it. */
import { endOggPage } from '../formats/ogg-page.ts';
import type { RecordedPerson } from '../rooms/recording/recorder.ts';
import { AppendedFile, type AppendedFileOptions } from './appended-file.ts';
import type { ManifestTrack } from './manifest.ts';
import type { MixTrack } from './mix-track.ts';
import type { PersonTrack } from './person-track.ts';
import { SAMPLES_PER_MS } from './track-clock.ts';

export interface RecordedTrackOptions extends Omit<AppendedFileOptions, 'open'> {
  readonly file: string;
  readonly open: (file: string) => ReturnType<AppendedFileOptions['open']>;
  readonly track: MixTrack | PersonTrack;
  /** Null: the mix. */
  readonly person: RecordedPerson | null;
}

export class RecordedTrack<T extends MixTrack | PersonTrack = MixTrack | PersonTrack> {
  readonly track: T;
  readonly #options: RecordedTrackOptions;
  #file: AppendedFile | undefined;
  #dropped = 0;

  constructor(options: RecordedTrackOptions & { readonly track: T }) {
    this.track = options.track;
    this.#options = options;
  }

  /** There is a file. */
  get exists(): boolean {
    return this.#file !== undefined;
  }

  /** False, and counted, while the disk is too slow. */
  get takesPackets(): boolean {
    if (this.#file?.isBehind !== true) return true;
    this.#dropped++;
    return false;
  }

  get bytes(): number {
    return this.#file?.bytes ?? 0;
  }

  get dropped(): number {
    return this.#dropped;
  }

  append(pages: readonly Uint8Array[]): void {
    if (pages.length === 0) return;
    const { open, file, ...events } = this.#options;
    this.#file ??= new AppendedFile({ ...events, open: () => open(file) });
    this.#file.append(pages);
  }

  sync(): void {
    this.#file?.sync();
  }

  /** Ends and closes the file, whose last pages have been appended. Where they found no room, it ends before them. */
  async close(): Promise<void> {
    const file = this.#file;
    if (file === undefined) return;
    await file.settled();
    if (file.failed && file.lastPage !== undefined) {
      const page = Uint8Array.from(file.lastPage.page);
      endOggPage(page);
      file.overwrite(page, file.lastPage.at);
    }
    await file.close();
  }

  get entry(): ManifestTrack {
    const { file, person, track } = this.#options;
    const isPerson = 'counts' in track;
    const { packets, concealed, leftOut } = isPerson ? track.counts : { packets: 0, concealed: 0, leftOut: 0 };
    return {
      file,
      kind: person === null ? 'mix' : 'participant',
      participantId: person?.id ?? null,
      identity: person?.identity ?? null,
      name: person?.name ?? null,
      bytes: this.bytes,
      talkMs: isPerson ? track.talkMs : null,
      driftPpm: isPerson ? track.driftPpm : null,
      packets,
      concealedMs: Math.round(concealed / SAMPLES_PER_MS),
      leftOut,
      dropped: this.#dropped,
    };
  }
}
