import { type Signal, signal } from '@preact/signals';
import type { FunctionComponent } from 'preact';
import type { Call } from '../call.ts';
import { TOPIC } from './peer-messages.ts';
import type { Transfers } from './transfers.ts';

type Loaded = Promise<Transfers>;

/** Files from browser to browser. Their code is loaded with the first file that is offered, by either side. */
export class Files {
  /** Shows the transfers; null before the first one. */
  readonly view: Signal<FunctionComponent | null> = signal(null);
  readonly #call: Call;
  #transfers: Loaded | null = null;

  constructor(call: Call) {
    this.#call = call;
    call.client.data.on(TOPIC, (payload, { from }) => {
      // Programs of the operator offer no files.
      if (from !== null)
        this.#load().then(
          (transfers) => transfers.receive(from, payload),
          // Whoever offers the file sees no answer, and may offer it again.
          () => {},
        );
    });
  }

  /** Direct connections show each side the other's address, so a server with personal links does without. */
  get isOffered(): boolean {
    return this.#call.entry.value !== 'token';
  }

  /** Resolves with false if the file is too large. */
  async send(personId: string, file: File): Promise<boolean> {
    const transfers = await this.#load();
    return transfers.offer(personId, file);
  }

  #load(): Loaded {
    this.#transfers ??= import('./transfers-view.tsx').then(
      ({ createTransfers, TransfersView }) => {
        const transfers = createTransfers(this.#call);
        this.view.value = () => TransfersView({ transfers });
        return transfers;
      },
      (thrown: unknown) => {
        // The next file tries again.
        this.#transfers = null;
        throw thrown;
      },
    );
    return this.#transfers;
  }
}
