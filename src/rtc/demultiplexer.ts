/**
 * Determines the type of a datagram and the transport it belongs to: the type by its first byte (RFC 7983), the
 * transport of STUN by the ufrag and of everything else by the path. Paths are known only after an authenticated STUN
 * request, so an unknown address can only send STUN or authentic RTP. RTP is accepted because a NAT may give a talker
 * another port, which ICE reveals only at the next consent check. Nothing is sent to such an address before that.
 */
import { readUint32 } from '../lib/bytes.ts';
import type { Clock, Millis } from '../lib/clock.ts';
import { TokenBucket } from '../lib/rates/token-bucket.ts';
import { localUfragOf, parseStun, type StunMessage } from './ice/stun.ts';
import type { DatagramPort, DatagramSocket } from './net/datagram-port.ts';
import { NetworkPath } from './net/network-path.ts';
import { SendBuffer } from './net/send-buffer.ts';
import { RTP_HEADER_LENGTH } from './rtp/rtp-packet.ts';

/** Receives the datagrams of one transport. Methods must not throw. */
export interface DatagramEndpoint {
  /** A binding request for this endpoint's ufrag. Nothing is verified yet; `path` may be new. */
  receiveStun(request: StunMessage, datagram: Buffer, path: NetworkPath, nowMs: Millis): void;
  receiveDtls(datagram: Buffer, path: NetworkPath, nowMs: Millis): void;
  receiveRtp(datagram: Buffer, path: NetworkPath, nowMs: Millis): void;
  receiveRtcp(datagram: Buffer, path: NetworkPath, nowMs: Millis): void;
  /** The TCP connection behind this path is gone. */
  losePath(path: NetworkPath, nowMs: Millis): void;
}

export interface DemultiplexerCounters {
  /** Neither STUN, DTLS, RTP nor RTCP by the first byte, or malformed STUN. */
  unknownKind: number;
  /** STUN for no transport of this port. */
  unknownUfrag: number;
  /** Anything other than STUN from an address that has not passed ICE, is no link's, and does not count as `roaming`. */
  unknownAddress: number;
  /** RTP of a known source from an address that has not passed ICE. Its transport verifies it. */
  roaming: number;
  /** STUN for one transport from an address that belongs to another. */
  foreignAddress: number;
}

interface Binding {
  readonly path: NetworkPath;
  readonly endpoint: DatagramEndpoint;
}

/** RFC 3550: where the number of the sender is. */
const SSRC_AT = { rtp: 8, rtcp: 4 } as const;

/** RFC 5761 section 4: RTCP packet types as they appear in the second byte. */
const RTCP_FIRST = 192;
const RTCP_LAST = 223;
/**
 * A path stays with its owner until it has been silent for this long, beyond the pauses between consent checks (RFC
 * 7675 section 5.1). Otherwise a participant who forges another's address could take their media away.
 */
const PATH_IN_USE_MS = 7000;
/**
 * Verifying a packet costs some microseconds. This is enough for twenty roaming talkers, and limits what forgers can
 * cost.
 */
const ROAMING_PER_SECOND = 1000;
const ROAMING_BURST = 100;

export class Demultiplexer {
  readonly counters: DemultiplexerCounters = {
    unknownKind: 0,
    unknownUfrag: 0,
    unknownAddress: 0,
    roaming: 0,
    foreignAddress: 0,
  };
  /** Used for everything that this port's transports send. */
  readonly sendBuffer = new SendBuffer();
  readonly #clock: Clock;
  readonly #byUfrag = new Map<string, DatagramEndpoint>();
  /** By remote port first: looking up a number and comparing one address is cheaper than building a key from both. */
  readonly #byPort = new Map<number, Binding[]>();
  readonly #bySource = new Map<number, DatagramEndpoint>();
  /** Links to other servers, by the number of the other end: those to the same port of a server share its path. */
  readonly #links = new Map<number, Binding>();
  readonly #roamingAllowance: TokenBucket;

  constructor(port: DatagramPort, clock: Clock) {
    this.#clock = clock;
    this.#roamingAllowance = new TokenBucket({
      perSecond: ROAMING_PER_SECOND,
      burst: ROAMING_BURST,
      now: clock.now(),
    });
    port.listen(
      (datagram, remote, socket) => this.receive(datagram, remote.address, remote.port, socket),
      (remote, socket) => this.#lose(remote.address, remote.port, socket),
    );
  }

  /** Registers an endpoint under its local ufrag; false if it is taken. */
  register(localUfrag: string, endpoint: DatagramEndpoint): boolean {
    if (this.#byUfrag.has(localUfrag)) return false;
    this.#byUfrag.set(localUfrag, endpoint);
    return true;
  }

  unregister(localUfrag: string): void {
    this.#byUfrag.delete(localUfrag);
  }

  /** An endpoint has authenticated RTP with this SSRC. If another endpoint has it, that one keeps it. */
  knowSource(ssrc: number, endpoint: DatagramEndpoint): void {
    if (!this.#bySource.has(ssrc)) this.#bySource.set(ssrc, endpoint);
  }

  forgetSource(ssrc: number, endpoint: DatagramEndpoint): void {
    if (this.#bySource.get(ssrc) === endpoint) this.#bySource.delete(ssrc);
  }

  /** Registers a link, which is heard only from the other end of its path; false if its SSRC is taken. */
  link(ssrc: number, endpoint: DatagramEndpoint, path: NetworkPath): boolean {
    if (this.#links.has(ssrc)) return false;
    this.#links.set(ssrc, { path, endpoint });
    return true;
  }

  unlink(ssrc: number, endpoint: DatagramEndpoint): void {
    if (this.#links.get(ssrc)?.endpoint === endpoint) this.#links.delete(ssrc);
  }

  /** From now on, `path` belongs to `endpoint`, even if it belonged to another one. Only for authenticated paths. */
  bind(path: NetworkPath, endpoint: DatagramEndpoint): void {
    this.#remove(path);
    const bindings = this.#byPort.get(path.port);
    if (bindings === undefined) this.#byPort.set(path.port, [{ path, endpoint }]);
    else bindings.push({ path, endpoint });
    path.socket.adopt?.();
  }

  /** Removes a path if it still belongs to this endpoint. A TCP connection without an owner is closed. */
  unbind(path: NetworkPath, endpoint: DatagramEndpoint): void {
    if (this.#remove(path, endpoint)) path.socket.release?.();
  }

  /** Returns whether it was there and, if that matters, belonged to this endpoint. */
  #remove(path: NetworkPath, endpoint?: DatagramEndpoint): boolean {
    const bindings = this.#byPort.get(path.port);
    const at = bindings?.findIndex((binding) => isOn(binding.path, path.address, path.socket)) ?? -1;
    if (bindings === undefined || at < 0) return false;
    if (endpoint !== undefined && bindings[at]!.endpoint !== endpoint) return false;
    bindings.splice(at, 1);
    if (bindings.length === 0) this.#byPort.delete(path.port);
    return true;
  }

  /** Number of bound paths. */
  get pathCount(): number {
    let count = 0;
    for (const bindings of this.#byPort.values()) count += bindings.length;
    return count;
  }

  /** One datagram from the network; public so that tests can be the network. */
  receive(datagram: Buffer, address: string, port: number, socket: DatagramSocket): void {
    const first = datagram[0];
    if (first === undefined) {
      this.counters.unknownKind++;
      return;
    }
    if (first < 4) {
      this.#receiveStun(datagram, address, port, socket);
      return;
    }
    // Before those who passed ICE, because a participant may have done that with the forged address of a server.
    if (this.#links.size > 0 && this.#receiveLinked(datagram, address, port)) return;
    const binding = this.#find(address, port, socket);
    if (binding === undefined) {
      if (!this.#receiveRoaming(datagram, address, port, socket)) this.counters.unknownAddress++;
      return;
    }
    if (first >= 128 && first < 192 && datagram.length >= 2) {
      const second = datagram[1]!;
      if (second >= RTCP_FIRST && second <= RTCP_LAST) {
        binding.endpoint.receiveRtcp(datagram, binding.path, this.#clock.now());
      } else binding.endpoint.receiveRtp(datagram, binding.path, this.#clock.now());
    } else if (first >= 20 && first < 64) {
      binding.endpoint.receiveDtls(datagram, binding.path, this.#clock.now());
    } else this.counters.unknownKind++;
  }

  /** Strangers cost two look-ups: nothing is decrypted that does not come from where the other end is. */
  #receiveLinked(datagram: Buffer, address: string, port: number): boolean {
    if (datagram.length < RTP_HEADER_LENGTH || datagram[0]! < 128 || datagram[0]! >= 192) return false;
    const isRtcp = datagram[1]! >= RTCP_FIRST && datagram[1]! <= RTCP_LAST;
    const link = this.#links.get(readUint32(datagram, isRtcp ? SSRC_AT.rtcp : SSRC_AT.rtp));
    if (link === undefined || link.path.port !== port || link.path.address !== address) return false;
    const nowMs = this.#clock.now();
    if (isRtcp) link.endpoint.receiveRtcp(datagram, link.path, nowMs);
    else link.endpoint.receiveRtp(datagram, link.path, nowMs);
    return true;
  }

  #receiveRoaming(datagram: Buffer, address: string, port: number, socket: DatagramSocket): boolean {
    if (datagram.length < RTP_HEADER_LENGTH || datagram[0]! < 128 || datagram[0]! >= 192) return false;
    if (socket.protocol === 'tcp' || (datagram[1]! >= RTCP_FIRST && datagram[1]! <= RTCP_LAST)) return false;
    const endpoint = this.#bySource.get(readUint32(datagram, 8));
    if (endpoint === undefined) return false;
    const nowMs = this.#clock.now();
    if (!this.#roamingAllowance.take(nowMs)) return false;
    this.counters.roaming++;
    endpoint.receiveRtp(datagram, new NetworkPath(socket, address, port, nowMs), nowMs);
    return true;
  }

  #receiveStun(datagram: Buffer, address: string, port: number, socket: DatagramSocket): void {
    const message = parseStun(datagram);
    if (message?.class !== 'request' && message?.class !== 'indication') {
      this.counters.unknownKind++;
      return;
    }
    // An indication keeps a NAT binding alive and needs no answer (RFC 8445 section 11).
    if (message.class === 'indication') return;
    const ufrag = localUfragOf(message);
    const endpoint = ufrag === null ? undefined : this.#byUfrag.get(ufrag);
    if (endpoint === undefined) {
      this.counters.unknownUfrag++;
      return;
    }
    const nowMs = this.#clock.now();
    const known = this.#find(address, port, socket);
    if (known !== undefined && known.endpoint !== endpoint && nowMs - known.path.lastHeardMs < PATH_IN_USE_MS) {
      this.counters.foreignAddress++;
      return;
    }
    const path = known?.endpoint === endpoint ? known.path : new NetworkPath(socket, address, port, nowMs);
    endpoint.receiveStun(message, datagram, path, nowMs);
  }

  #lose(address: string, port: number, socket: DatagramSocket): void {
    const binding = this.#find(address, port, socket);
    if (binding === undefined) return;
    this.#remove(binding.path);
    binding.endpoint.losePath(binding.path, this.#clock.now());
  }

  #find(address: string, port: number, socket: DatagramSocket): Binding | undefined {
    const bindings = this.#byPort.get(port);
    if (bindings === undefined) return undefined;
    for (const binding of bindings) if (isOn(binding.path, address, socket)) return binding;
    return undefined;
  }
}

function isOn(path: NetworkPath, address: string, socket: DatagramSocket): boolean {
  return path.socket === socket && path.address === address;
}
