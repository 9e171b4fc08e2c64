/** All sessions by WHIP and WHEP, their limits, and how they begin. */
import type { Logger } from 'pino';
import type { Clock } from '../../lib/clock.ts';
import { AppError } from '../../lib/errors.ts';
import { AddressCount } from '../../lib/rates/address-count.ts';
import type { LimitCounts } from '../../lib/rates/limit-counts.ts';
import { type SdpLimits, type Sitter, sendsStereo } from '../../media/negotiation.ts';
import type { SourceKind } from '../../media/plane.ts';
import type { Admission } from '../../rooms/admission.ts';
import { admit, type Doors, type Visitor } from '../admission.ts';
import { Publisher } from './publisher.ts';
import { BroadcastSession, type SessionKind } from './session.ts';

export interface SessionLimits {
  readonly maxPublishers: number;
  readonly maxListeners: number;
  /** Of both kinds together; 0: no limit. */
  readonly maxPerAddress: number;
}

export interface SessionsOptions extends Doors {
  readonly limits: SessionLimits;
  readonly sdpLimits: SdpLimits;
  readonly limitCounts: LimitCounts;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Somebody who wants to send or to listen. */
export interface Applicant extends Visitor {
  readonly kind: SessionKind;
  readonly name: string;
  /** The address, as limits count it. */
  readonly addressKey: string;
  /** Undefined: music if the offer is in stereo. */
  readonly source: SourceKind | undefined;
  /** For the operator; null if addresses are hidden. */
  readonly address: string | null;
  readonly isRemote: boolean;
}

/** Who sends or listens, in the room. */
interface Party {
  readonly sitter: Sitter;
  leave(): void;
}

export interface SessionFigures {
  readonly publishers: number;
  readonly listeners: number;
}

export class Sessions {
  readonly #options: SessionsOptions;
  readonly #all = new Map<string, BroadcastSession>();
  readonly #open = { whip: 0, whep: 0 };
  readonly #byAddress: AddressCount;

  constructor(options: SessionsOptions) {
    this.#options = options;
    this.#byAddress = new AddressCount(options.limits.maxPerAddress);
  }

  get figures(): SessionFigures {
    return { publishers: this.#open.whip, listeners: this.#open.whep };
  }

  /** Throws `unknown_session`. */
  session(kind: SessionKind, id: string): BroadcastSession {
    const session = this.#all.get(id);
    if (session?.kind !== kind) throw new AppError('unknown_session');
    return session;
  }

  /**
   * Decides whether somebody may send or listen before anything costs much. Rejects with `too_many_connections`,
   * `rate_limited`, `not_allowed`, or as `RoomRegistry.admit` does.
   */
  async admit(applicant: Applicant): Promise<Admission> {
    const { kind, addressKey } = applicant;
    this.#checkPlace(kind, addressKey);
    const admission = await admit(this.#options, applicant);
    if (kind === 'whip' && !admission.maySpeak) throw new AppError('not_allowed', 'The token is only for listening.');
    return admission;
  }

  /** Throws `invalid_sdp` or another error of the room or the media plane, or `too_many_connections`. */
  open(applicant: Applicant, admission: Admission, sdp: string): BroadcastSession {
    const { kind, room, addressKey, address, isRemote } = applicant;
    const { clock, log } = this.#options;
    // Others may have come meanwhile.
    this.#checkPlace(kind, addressKey);
    const source = this.#sourceOf(applicant, sdp);
    let session: BroadcastSession | undefined;
    const party = this.#enter(applicant, admission, (reason) => {
      this.#open[kind]--;
      addressClosed();
      if (session === undefined) return;
      this.#all.delete(session.id);
      log.info({ kind, room, reason }, 'broadcast session ended');
    });
    this.#open[kind]++;
    const addressClosed = this.#byAddress.add(addressKey);
    const { sitter } = party;
    const leave = () => party.leave();
    try {
      const client = { address: addressKey, isRemote };
      session = new BroadcastSession({ kind, sitter, leave, sdp, source, client, clock, log });
    } catch (thrown) {
      leave();
      throw thrown;
    }
    this.#all.set(session.id, session);
    log.info({ kind, room, address }, 'broadcast session began');
    return session;
  }

  /** @param ended is called later, once */
  #enter(applicant: Applicant, admission: Admission, ended: (reason: string) => void): Party {
    const { kind, room, name, addressKey: from, address } = applicant;
    const { registry } = this.#options;
    if (kind === 'whip') return new Publisher({ registry, admission, room, name, from, address, ended });
    const listener = registry.listen(room, admission, { via: 'whep', address, ended });
    return { sitter: listener, leave: () => listener.end('left') };
  }

  #checkPlace(kind: SessionKind, addressKey: string): void {
    const { limits, limitCounts } = this.#options;
    const max = kind === 'whip' ? limits.maxPublishers : limits.maxListeners;
    if (this.#open[kind] >= max) {
      limitCounts.hit(kind === 'whip' ? 'publishers' : 'listeners');
      throw new AppError('too_many_connections');
    }
    if (!this.#byAddress.isFull(addressKey)) return;
    limitCounts.hit('broadcast_sessions_per_address');
    throw new AppError('too_many_connections', 'The limit is per address.');
  }

  /** Speech is levelled and its pauses are cut; music is left as it is. An offer in stereo means music. */
  #sourceOf({ kind, source }: Applicant, sdp: string): SourceKind {
    if (kind === 'whep') return 'voice';
    return source ?? (sendsStereo(sdp, this.#options.sdpLimits) ? 'music' : 'voice');
  }
}
