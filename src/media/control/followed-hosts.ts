/**
 * The addresses that media is bound to if the operator has not named any: those of this machine. An address that is
 * gone stays bound while a connection over it may still be alive, so that a link that drops for a moment interrupts
 * nobody. It is no longer announced to newcomers.
 */
import type { Cancel, Clock, Millis } from '../../lib/clock.ts';
import type { AddressWatch } from '../../lib/net/address-watch.ts';
import { addressesToBind } from '../../lib/net/local-addresses.ts';

/** RFC 7675 section 5.1: a connection without a check for this long is over. */
const STAYS_MS: Millis = 30_000;
const MAX_GONE = 16;

export interface FollowedHostsOptions {
  readonly watch: AddressWatch;
  readonly clock: Clock;
  readonly onChange: () => void;
}

export class FollowedHosts {
  readonly #options: FollowedHostsOptions;
  readonly #cancelWatch: Cancel;
  #present: readonly string[];
  /** By address that is gone, the time until which it stays bound; the earliest comes first. */
  readonly #gone = new Map<string, Millis>();
  #cancelTimer: Cancel = () => {};

  constructor(options: FollowedHostsOptions) {
    this.#options = options;
    this.#present = addressesToBind(options.watch.current);
    this.#cancelWatch = options.watch.onChange((local) => this.#update(addressesToBind(local)));
  }

  /** The addresses that this machine has now. */
  get present(): readonly string[] {
    return this.#present;
  }

  /** The addresses to bind. */
  get hosts(): readonly string[] {
    return [...this.#present, ...this.#gone.keys()];
  }

  close(): void {
    this.#cancelWatch();
    this.#cancelTimer();
  }

  #update(present: readonly string[]): void {
    const { clock, onChange } = this.#options;
    for (const address of this.#present)
      if (!present.includes(address)) this.#gone.set(address, clock.now() + STAYS_MS);
    for (const address of present) this.#gone.delete(address);
    for (const address of [...this.#gone.keys()].slice(0, -MAX_GONE)) this.#gone.delete(address);
    this.#present = present;
    this.#waitForNext();
    onChange();
  }

  #waitForNext(): void {
    const { clock, onChange } = this.#options;
    this.#cancelTimer();
    const [first] = this.#gone.values();
    if (first === undefined) return;
    this.#cancelTimer = clock.setTimer(first, () => {
      for (const [address, untilMs] of this.#gone) if (untilMs <= clock.now()) this.#gone.delete(address);
      this.#waitForNext();
      onChange();
    });
  }
}
