/**
 * The lite ICE agent of one transport (RFC 8445 section 2.5): it answers authenticated checks and makes none of its own. The peer is
 * controlling; media goes where its last nomination came from, so a change of its network or NAT carries on.
 *
 * Who reads the traffic could send a check again from an address of its own and draw the media there. So no check counts twice, and a
 * nomination that no media follows, while media still comes on another path, is taken back.
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

/** What a request led to: a path that is valid from now on, one that had to go for it, and credentials that are not good any more. */
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
  /** Made of the local password. */
  readonly key: HmacSha1;
}

/** A browser tries some pairs of each of its interfaces; more paths than this at a time are not kept. */
const MAX_PATHS = 8;
/** Longer than the pauses of a microphone with DTX: how long a nomination stands against media on another path. */
const DOUBT_MS = 500;
/** Agents that nominate whatever works may do so on a slow TCP connection last, though they mean UDP. Longer than between two consent checks. */
const UDP_PREFERRED_MS = 3000;

export class IceLite {
  #current: Generation;
  /** Of a restart, until a path has been nominated with them. */
  #next: Generation | null = null;
  readonly #paths: NetworkPath[] = [];
  readonly #transactions = new TransactionMemory();
  #selected: NetworkPath | null = null;
  #selectedAtMs: Millis = 0;
  /** When the selected path was nominated last. */
  #nominatedAtMs: Millis = Number.NEGATIVE_INFINITY;
  /** Media has come on the selected path. */
  #confirmed = false;

  constructor(credentials: IceCredentials) {
    this.#current = toGeneration(credentials);
  }

  /** The ufrags by which requests may name this agent: one, and a second while it restarts. */
  get localUfrags(): readonly string[] {
    const { localUfrag } = this.#current;
    return this.#next === null ? [localUfrag] : [localUfrag, this.#next.localUfrag];
  }

  /**
   * New credentials (RFC 8445 section 2.4). Those before stay good, and media stays where it is, until the peer has nominated a path with the
   * new ones. A restart that has not come that far is forgotten for this one; its ufrag is returned.
   */
  restart(credentials: IceCredentials): string | null {
    const forgotten = this.#next?.localUfrag ?? null;
    this.#next = toGeneration(credentials);
    return forgotten;
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
   * Verifies and answers a request on the path it came on. What is not authentic gets no answer, as if nobody were there: an error (RFC 8489
   * section 9.1.4) would tell those who guess that the ufrag exists, and may be longer than the request.
   */
  receive(request: StunMessage, datagram: Buffer, path: NetworkPath, nowMs: Millis): IceOutcome {
    const generation = request.username === this.#next?.username ? this.#next : this.#current;
    const { key } = generation;
    // RFC 8445 section 7.3 makes FINGERPRINT a must.
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

  /** Forgets a path that is gone. Media goes on by the one that was heard of last, if there is another. */
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
   * Notes a packet of media, authentic and not a replay. False if the path is not valid; then it shows nothing about that path, because another
   * may have sent the packet on.
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
    return { authentic: true, added: path, removed, retiredUfrag: null };
  }
}

function toGeneration({ localUfrag, localPassword, remoteUfrag }: IceCredentials): Generation {
  return { localUfrag, username: `${localUfrag}:${remoteUfrag}`, key: new HmacSha1(Buffer.from(localPassword)) };
}
