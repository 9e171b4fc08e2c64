/**
 * The lite ICE agent of one transport (RFC 8445 section 2.5): it answers authenticated checks and makes none of its
 * own. The peer is controlling. Media goes where its last nomination came from, so it survives a change of network or
 * NAT.
 *
 * An eavesdropper could replay a check from their own address to draw the media there. Therefore no check counts twice,
 * and a nomination that is not followed by media, while media still arrives on another path, is revoked.
 */
import type { Millis } from '../../lib/clock.ts';
import { HmacSha1 } from '../../lib/hmac-sha1.ts';
import type { NetworkPath } from '../net/network-path.ts';
import { type StunMessage, verifyStunIntegrity } from './stun.ts';
import { writeBindingSuccess, writeUnknownAttributes } from './stun-writer.ts';
import { TransactionMemory } from './transaction-memory.ts';

export interface IceCredentials {
  readonly localUfrag: string;
  readonly localPassword: string;
  readonly remoteUfrag: string;
}

/**
 * The result of a request: a path that is now valid, one that had to be dropped for it, and credentials that are no
 * longer valid.
 */
export interface IceOutcome {
  readonly authentic: boolean;
  readonly added: NetworkPath | null;
  readonly removed: NetworkPath | null;
  readonly retiredUfrag: string | null;
}

const REFUSED: IceOutcome = { authentic: false, added: null, removed: null, retiredUfrag: null };
const UNCHANGED: IceOutcome = { authentic: true, added: null, removed: null, retiredUfrag: null };

interface Generation {
  readonly localUfrag: string;
  readonly username: string;
  /** From the local password. */
  readonly key: HmacSha1;
}

/** A browser tries some pairs for each of its interfaces; no more paths than this are kept. */
const MAX_PATHS = 8;
/**
 * Longer than the pauses of a microphone with DTX: how long a nomination stands while media arrives on another path.
 */
const DOUBT_MS = 500;
/**
 * Agents that nominate everything that works may nominate a slow TCP connection last although they prefer UDP. Longer
 * than the interval of consent checks.
 */
const UDP_PREFERRED_MS = 3000;

export class IceLite {
  #current: Generation;
  /** Credentials of a restart, until a path has been nominated with them. */
  #next: Generation | null = null;
  readonly #paths: NetworkPath[] = [];
  readonly #transactions = new TransactionMemory();
  #selected: NetworkPath | null = null;
  #selectedAtMs: Millis = 0;
  /** When the selected path was last nominated. */
  #nominatedAtMs: Millis = Number.NEGATIVE_INFINITY;
  /** Media has arrived on the selected path. */
  #confirmed = false;

  constructor(credentials: IceCredentials) {
    this.#current = toGeneration(credentials);
  }

  /** The ufrags of this agent: one, and a second during a restart. */
  get localUfrags(): readonly string[] {
    const { localUfrag } = this.#current;
    return this.#next === null ? [localUfrag] : [localUfrag, this.#next.localUfrag];
  }

  /**
   * Sets new credentials (RFC 8445 section 2.4). The previous ones remain valid, and media stays where it is, until the
   * peer has nominated a path with the new ones. An unfinished earlier restart is abandoned; its ufrag is returned.
   */
  restart(credentials: IceCredentials): string | null {
    const forgotten = this.#next?.localUfrag ?? null;
    this.#next = toGeneration(credentials);
    return forgotten;
  }

  /** Where to send: the last nominated path, before that the first valid one; null before any check has passed. */
  get selected(): NetworkPath | null {
    return this.#selected;
  }

  /** The valid paths. */
  get paths(): readonly NetworkPath[] {
    return this.#paths;
  }

  /**
   * Verifies a request and answers it on its path. Requests that are not authentic get no answer: an error (RFC 8489
   * section 9.1.4) would reveal to guessers that the ufrag exists, and may be longer than the request.
   */
  receive(request: StunMessage, datagram: Buffer, path: NetworkPath, nowMs: Millis): IceOutcome {
    const generation = request.username === this.#next?.username ? this.#next : this.#current;
    const { key } = generation;
    // RFC 8445 section 7.3 requires FINGERPRINT.
    if (
      !request.hasFingerprint ||
      request.username !== generation.username ||
      !verifyStunIntegrity(datagram, request, key)
    ) {
      return REFUSED;
    }
    const known = this.#paths.includes(path);
    const isNew = this.#transactions.add(request.transactionId);
    if (!isNew && !known) return REFUSED;
    if (request.unknownRequired.length > 0) {
      path.send(writeUnknownAttributes(request.transactionId, request.unknownRequired, key));
      return REFUSED;
    }
    path.send(writeBindingSuccess(request.transactionId, path, key));
    // The peer repeats a request when our answer was lost.
    if (!isNew) return UNCHANGED;
    path.lastHeardMs = nowMs;
    const outcome = known ? UNCHANGED : this.#add(path);
    if (this.#selected === null || (request.useCandidate && !this.#prefersUdpTo(path, nowMs)))
      this.#select(path, nowMs);
    if (request.useCandidate && path === this.#selected) {
      this.#nominatedAtMs = nowMs;
      if (generation === this.#next) {
        const retiredUfrag = this.#current.localUfrag;
        this.#current = generation;
        this.#next = null;
        return { ...outcome, retiredUfrag };
      }
    }
    return outcome;
  }

  /** Removes a path that is gone. Media continues on the most recently heard of the others. */
  lose(path: NetworkPath, nowMs: Millis): void {
    const at = this.#paths.indexOf(path);
    if (at < 0) return;
    this.#paths.splice(at, 1);
    if (path !== this.#selected) return;
    const [first, ...others] = this.#paths;
    this.#selected = null;
    if (first === undefined) return;
    this.#select(
      others.reduce((latest, other) => (other.lastHeardMs > latest.lastHeardMs ? other : latest), first),
      nowMs,
    );
  }

  /**
   * Notes an authentic, non-replayed media packet. False if the path is not valid; the packet then proves nothing about
   * that path, because someone else may have forwarded it.
   */
  heardMedia(path: NetworkPath, nowMs: Millis): boolean {
    path.lastHeardMs = nowMs;
    if (path !== this.#selected) {
      if (!this.#paths.includes(path)) return false;
      if (this.#confirmed || nowMs - this.#selectedAtMs < DOUBT_MS) return true;
      this.#select(path, nowMs);
    }
    this.#confirmed = true;
    return true;
  }

  #select(path: NetworkPath, nowMs: Millis): void {
    if (path === this.#selected) return;
    this.#selected = path;
    this.#selectedAtMs = nowMs;
    this.#nominatedAtMs = Number.NEGATIVE_INFINITY;
    this.#confirmed = false;
  }

  #prefersUdpTo(path: NetworkPath, nowMs: Millis): boolean {
    return (
      path.socket.protocol === 'tcp' &&
      this.#selected?.socket.protocol === 'udp' &&
      nowMs - this.#nominatedAtMs < UDP_PREFERRED_MS
    );
  }

  /** The path that has been silent longest makes room, but never the selected one. */
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
    return { authentic: true, added: path, removed, retiredUfrag: null };
  }
}

function toGeneration({ localUfrag, localPassword, remoteUfrag }: IceCredentials): Generation {
  return { localUfrag, username: `${localUfrag}:${remoteUfrag}`, key: new HmacSha1(Buffer.from(localPassword)) };
}
