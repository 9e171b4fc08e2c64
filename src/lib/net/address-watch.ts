/** Watches the addresses of this machine, which change with DHCP, a cable, another Wi-Fi or a VPN. */
import type { Cancel, Clock, Millis } from '../clock.ts';
import { localAddresses } from './local-addresses.ts';

/** Polling, because the system reports changes only over a kind of socket that Node does not have (netlink). */
export const ADDRESS_LOOK_INTERVAL_MS: Millis = 3000;

export interface AddressWatchOptions {
  readonly clock: Clock;
  /** `localAddresses` by default. */
  readonly read?: () => readonly string[];
}

type Listener = (addresses: readonly string[]) => void;

export class AddressWatch {
  readonly #clock: Clock;
  readonly #read: () => readonly string[];
  readonly #listeners = new Set<Listener>();
  #current: readonly string[] = [];
  #cancel: Cancel = () => {};
  #closed = false;

  constructor({ clock, read = localAddresses }: AddressWatchOptions) {
    this.#clock = clock;
    this.#read = read;
    this.#current = this.#look();
    this.#schedule();
  }

  /** The addresses at the last look, with those first that others are most likely to reach. */
  get current(): readonly string[] {
    return this.#current;
  }

  /** Calls the listener with all addresses whenever they have changed. */
  onChange(listener: Listener): Cancel {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Stops looking. Idempotent. */
  close(): void {
    this.#closed = true;
    this.#cancel();
  }

  #schedule(): void {
    this.#cancel = this.#clock.setTimer(this.#clock.now() + ADDRESS_LOOK_INTERVAL_MS, () => {
      const found = this.#look();
      const isChanged = found.join() !== this.#current.join();
      this.#current = found;
      if (isChanged) for (const listener of [...this.#listeners]) listener(found);
      if (!this.#closed) this.#schedule();
    });
  }

  #look(): readonly string[] {
    try {
      return this.#read();
    } catch {
      // The system may be out of descriptors for a moment. The last known addresses are the best guess.
      return this.#current;
    }
  }
}
