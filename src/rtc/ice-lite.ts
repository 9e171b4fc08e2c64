/**
 * The lite ICE agent of one transport (RFC 8445 section 2.5): it answers authenticated checks and makes none of its own. The peer is
 * controlling; media goes where its last nomination came from, so a change of its network or NAT carries on.
 */
import type { Millis } from '../lib/clock.ts';
import type { NetworkPath } from './demultiplexer.ts';
import { type StunMessage, verifyStunIntegrity } from './stun.ts';
import { writeBindingError, writeBindingSuccess } from './stun-writer.ts';

export interface IceLiteOptions {
  readonly localUfrag: string;
  readonly localPassword: string;
  readonly remoteUfrag: string;
}

export interface IceCounters {
  requests: number;
  /** Requests that were not authentic or not well-formed. */
  refused: number;
}

/** What a request led to: a path that is valid from now on, and one that had to go for it. */
export interface IceOutcome {
  readonly authentic: boolean;
  readonly added: NetworkPath | null;
  readonly removed: NetworkPath | null;
}

const REFUSED: IceOutcome = { authentic: false, added: null, removed: null };
const UNCHANGED: IceOutcome = { authentic: true, added: null, removed: null };

/** A browser tries some pairs of each of its interfaces; more paths than this at a time are not kept. */
const MAX_PATHS = 8;

export class IceLite {
  readonly counters: IceCounters = { requests: 0, refused: 0 };
  readonly #options: IceLiteOptions;
  readonly #username: string;
  readonly #paths: NetworkPath[] = [];
  #selected: NetworkPath | null = null;

  constructor(options: IceLiteOptions) {
    this.#options = options;
    this.#username = `${options.localUfrag}:${options.remoteUfrag}`;
  }

  /** Where to send: the path nominated last, before that the first valid one; null before any check passed. */
  get selected(): NetworkPath | null {
    return this.#selected;
  }

  /** The valid paths. */
  get paths(): readonly NetworkPath[] {
    return this.#paths;
  }

  /**
   * Verifies and answers a request on the path it came on. Nothing but a refusal follows from a request that is not authentic.
   */
  receive(request: StunMessage, datagram: Buffer, path: NetworkPath, nowMs: Millis): IceOutcome {
    this.counters.requests++;
    const { localPassword } = this.#options;
    // RFC 8489 section 9.1.3; RFC 8445 section 7.3 makes FINGERPRINT a must.
    if (request.integrityAt === null || !request.hasFingerprint) {
      this.#refuse(path, writeBindingError(request.transactionId, 400));
      return REFUSED;
    }
    if (request.username !== this.#username || !verifyStunIntegrity(datagram, request, localPassword)) {
      this.#refuse(path, writeBindingError(request.transactionId, 401));
      return REFUSED;
    }
    if (request.unknownRequired.length > 0) {
      const unknown = request.unknownRequired;
      this.#refuse(path, writeBindingError(request.transactionId, 420, { unknown, key: localPassword }));
      return REFUSED;
    }
    path.lastHeardMs = nowMs;
    const outcome = this.#paths.includes(path) ? UNCHANGED : this.#add(path);
    if (request.useCandidate || this.#selected === null) this.#selected = path;
    path.send(writeBindingSuccess(request.transactionId, path, localPassword));
    return outcome;
  }

  #refuse(path: NetworkPath, answer: Buffer): void {
    this.counters.refused++;
    path.send(answer);
  }

  /** The path not heard of for the longest time makes room, but never the selected one. */
  #add(path: NetworkPath): IceOutcome {
    let removed: NetworkPath | null = null;
    if (this.#paths.length >= MAX_PATHS) {
      for (const candidate of this.#paths) {
        if (candidate === this.#selected) continue;
        if (removed === null || candidate.lastHeardMs < removed.lastHeardMs) removed = candidate;
      }
      if (removed !== null) this.#paths.splice(this.#paths.indexOf(removed), 1);
    }
    this.#paths.push(path);
    return { authentic: true, added: path, removed };
  }
}
