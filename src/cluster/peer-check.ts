import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Clock, Millis } from '../lib/clock.ts';

/** `refused`: its machine lives, and nothing listens there. `silent`: nothing came back in time. */
export type PeerState = 'alive' | 'refused' | 'silent';

/** Longer than a node that is busy takes to answer. */
const PATIENCE_MS: Millis = 500;
/** So long an answer is believed. */
const KNOWN_MS: Millis = 300;
/** A process that has just been replaced refuses once. */
const SECOND_LOOK_MS: Millis = 100;

/** Asks other nodes themselves whether they live, because a lease may end while its holder does its work. */
export class PeerCheck {
  readonly #clock: Clock;
  readonly #known = new Map<string, { readonly untilMs: Millis; readonly state: Promise<PeerState> }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param url of its HTTP port. Never rejects. */
  check(url: string): Promise<PeerState> {
    const nowMs = this.#clock.now();
    const known = this.#known.get(url);
    if (known !== undefined && nowMs < known.untilMs) return known.state;
    for (const [one, { untilMs }] of this.#known) if (nowMs >= untilMs) this.#known.delete(one);
    const state = this.#look(url);
    this.#known.set(url, { untilMs: nowMs + PATIENCE_MS + KNOWN_MS, state });
    return state;
  }

  async #look(url: string): Promise<PeerState> {
    const first = await this.#ask(url);
    if (first !== 'refused') return first;
    await new Promise<void>((resolve) => this.#clock.setTimer(this.#clock.now() + SECOND_LOOK_MS, resolve));
    return this.#ask(url);
  }

  #ask(url: string): Promise<PeerState> {
    return new Promise((resolve) => {
      let address: URL;
      try {
        address = new URL('/healthz', url);
        if (!/^https?:$/.test(address.protocol)) throw new TypeError('it is no address of a web server');
      } catch {
        resolve('silent');
        return;
      }
      const request = address.protocol === 'https:' ? requestHttps : requestHttp;
      // Nothing is said to it, and of what it says only that it says something counts.
      const asking = request(address, { rejectUnauthorized: false, agent: false }, (response) => {
        response.destroy();
        settle('alive');
      });
      const cancel = this.#clock.setTimer(this.#clock.now() + PATIENCE_MS, () => settle('silent'));
      const settle = (state: PeerState) => {
        cancel();
        asking.destroy();
        resolve(state);
      };
      asking.on('error', (error: Error & { readonly code?: string }) =>
        settle(error.code === 'ECONNREFUSED' ? 'refused' : 'silent'),
      );
      asking.end();
    });
  }
}
