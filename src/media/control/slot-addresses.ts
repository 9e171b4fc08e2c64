import { AppError } from '../../lib/errors.ts';
import type { MediaAddress, UnboundAddress } from '../../rtc/net/datagram-port.ts';
import type { CandidateAddress } from '../../rtc/sdp/sdp-answer.ts';
import type { WebRtcOffer } from '../plane.ts';
import type { Announcement } from './announcement.ts';
import { candidateAddresses, type LoopbackUse } from './candidates.ts';
import type { FollowedHosts } from './followed-hosts.ts';

export interface SlotAddressesOptions {
  readonly index: number;
  readonly hideLoopback: boolean;
  readonly announcement: Pick<Announcement, 'addresses'>;
  /** The machine's changing addresses; undefined if the operator has set fixed ones. */
  readonly followed: FollowedHosts | undefined;
}

/** Where one worker receives media, and where browsers are told to send it. */
export class SlotAddresses {
  readonly #options: SlotAddressesOptions;
  #bound: readonly MediaAddress[] = [];
  #unbound: readonly UnboundAddress[] = [];

  constructor(options: SlotAddressesOptions) {
    this.#options = options;
  }

  get bound(): readonly MediaAddress[] {
    return this.#bound;
  }

  set(bound: readonly MediaAddress[], unbound: readonly UnboundAddress[] = []): void {
    this.#bound = bound;
    this.#unbound = unbound;
  }

  /** The addresses for browsers. Those on other machines never get loopback addresses, even if there are no others. */
  get candidates(): readonly CandidateAddress[] {
    return this.#candidates(this.#options.hideLoopback ? 'if_alone' : 'always');
  }

  /** Current addresses of this machine that the worker should be bound to and is not. */
  get unbound(): readonly UnboundAddress[] {
    const { followed } = this.#options;
    return this.#unbound.filter(({ address }) => followed?.present.includes(address));
  }

  /** Throws `AppError` `media_unavailable` if there is none. */
  candidatesFor({ isRemote = false }: WebRtcOffer): readonly CandidateAddress[] {
    const candidates = isRemote ? this.#candidates('never') : this.candidates;
    if (candidates.length > 0) return candidates;
    throw new AppError('media_unavailable', 'The server has no address that you can reach.');
  }

  #candidates(loopback: LoopbackUse): readonly CandidateAddress[] {
    const { announcement, followed, index } = this.#options;
    const announced = announcement.addresses;
    // Newcomers should not be sent to an address that has just gone.
    const present = followed?.present;
    const bound = this.#bound.filter(({ address }) => present?.includes(address) ?? true);
    return candidateAddresses(announced.length > 0 ? this.#bound : bound, { announced, loopback, index });
  }
}
