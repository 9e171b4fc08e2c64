/** The addresses at which browsers reach the media plane, and the log lines about them. */
import type { Logger } from 'pino';
import type { AddressWatch } from '../../lib/net/address-watch.ts';
import { formatEndpoint } from '../../lib/net/host-port.ts';
import { isLoopback } from '../../lib/net/local-addresses.ts';
import { isPrivateAddress } from '../../lib/net/private-address.ts';
import type { MediaAddress, UnboundAddress } from '../../rtc/net/datagram-port.ts';
import type { CandidateAddress } from '../../rtc/sdp/sdp-answer.ts';
import type { MediaReach } from '../plane.ts';
import type { FollowedHosts } from './followed-hosts.ts';
import type { WorkerSlot } from './worker-slot.ts';

const FIRST_HIGH_PORT = 1024;
const WILDCARDS: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

export interface ReachOptions {
  readonly slots: readonly WorkerSlot[];
  readonly followed: FollowedHosts | undefined;
  readonly watch: AddressWatch | undefined;
  readonly log: Logger;
}

export class Reach {
  readonly #options: ReachOptions;
  /** As last logged. */
  #logged = '';

  constructor(options: ReachOptions) {
    this.#options = options;
  }

  get now(): MediaReach {
    const { slots, followed } = this.#options;
    const candidates = slots.flatMap((slot) => slot.candidates);
    const isLoopbackOnly =
      followed !== undefined &&
      slots.some(({ available }) => available) &&
      candidates.every(({ address }) => isLoopback(address));
    const unbound = [...slots.flatMap((slot) => slot.unbound), ...this.#missing()];
    return { candidates: inWords(candidates), unbound, isLoopbackOnly };
  }

  /** Logs where media is received, if that has changed. */
  log(message: string, fields: object = {}): void {
    const { slots, log } = this.#options;
    // A worker that is being replaced keeps its addresses.
    if (!slots.every(({ available }) => available)) return;
    const ports = inWords(slots.flatMap(({ addresses }) => addresses));
    const candidates = inWords(slots[0]?.candidates ?? []);
    const current = [...ports, '', ...candidates].join();
    if (current === this.#logged) return;
    this.#logged = current;
    log.info({ ...fields, ports, candidates }, message);
    this.#warnOfLowPorts();
  }

  #warnOfLowPorts(): void {
    const { slots, log } = this.#options;
    if (slots[0]?.candidates.every(({ address, port }) => port < FIRST_HIGH_PORT && isPrivateAddress(address)))
      log.warn(
        'Chromium accepts no media port below 1024 at private addresses, so it will have no audio: announce a public address, or choose a media-port of 1024 or higher',
      );
  }

  /** Configured addresses that this machine no longer has. */
  #missing(): UnboundAddress[] {
    const { slots, followed, watch } = this.#options;
    if (watch === undefined || followed !== undefined) return [];
    const reason = 'this machine does not have the address any more';
    return slots.flatMap(({ addresses }) =>
      addresses
        .filter(({ address }) => !isLoopback(address) && !WILDCARDS.has(address) && !watch.current.includes(address))
        .map(({ protocol, address, port }) => ({ protocol, address, port, reason })),
    );
  }
}

function inWords(addresses: readonly (MediaAddress | CandidateAddress)[]): string[] {
  return addresses.map(({ protocol, address, port }) => `${protocol} ${formatEndpoint(address, port)}`);
}
