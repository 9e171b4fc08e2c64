import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Logger } from 'pino';
import type { Cancel, Clock, Millis } from '../../lib/clock.ts';
import { parseEndpoint } from '../../lib/net/host-port.ts';
import { isLoopback } from '../../lib/net/local-addresses.ts';
import { isPrivateAddress } from '../../lib/net/private-address.ts';
import { UnknownAnnouncementError } from '../plane.ts';

/** The address of a home connection changes, mostly at night. */
const LOOKUP_INTERVAL_MS: Millis = 5 * 60_000;
/** The delay after a failed lookup: the network may have just come up, and its DNS not yet. */
const RETRY_MS: Millis = 15_000;

/** An address announced to browsers instead of the bound ones. */
export interface AnnouncedAddress {
  readonly address: string;
  /** The first worker's port, with consecutive ports for the others; null for the same port as inside. */
  readonly port: number | null;
}

export interface AnnouncementOptions {
  /** Endpoints as accepted by `parseEndpoint`. */
  readonly announce: readonly string[];
  /** Host names of this server. Without `announce`, the public addresses they resolve to are announced behind NAT. */
  readonly names?: readonly string[];
  /** Whether none of the machine's current addresses can be reached from outside. */
  readonly isBehindNat?: () => boolean;
  readonly clock: Clock;
  readonly log: Logger;
  /** Resolves a host name to all of its addresses; by default with the system's resolver. */
  readonly resolve?: (hostName: string) => Promise<readonly string[]>;
}

/**
 * The current addresses for `--announce`, or for the names of a server behind NAT. They are resolved again every five
 * minutes.
 */
export class Announcement {
  readonly #options: AnnouncementOptions;
  /** Nothing was configured, so the names of this server are used. */
  readonly #isImplied: boolean;
  readonly #announce: readonly string[];
  #addresses: readonly AnnouncedAddress[] = [];
  #cancel: Cancel | undefined;
  #closed = false;
  #attempts = 0;
  #failed = false;

  private constructor(options: AnnouncementOptions) {
    const { announce, names = [] } = options;
    this.#options = options;
    this.#isImplied = announce.length === 0;
    this.#announce = this.#isImplied ? names : announce;
  }

  /** Rejects with an explanatory Error if an announced host name cannot be resolved. */
  static async start(options: AnnouncementOptions): Promise<Announcement> {
    const announcement = new Announcement(options);
    await announcement.#begin();
    return announcement;
  }

  get addresses(): readonly AnnouncedAddress[] {
    return this.#addresses;
  }

  /** Resolves the names again at once, because the network has changed. */
  lookUp(): void {
    if (!this.#hasNames || this.#closed) return;
    this.#cancel?.();
    const attempt = ++this.#attempts;
    void this.#lookUp(() => attempt === this.#attempts && !this.#closed).then((isLatest) => {
      if (isLatest) this.#scheduleLookup();
    });
  }

  close(): void {
    this.#closed = true;
    this.#cancel?.();
  }

  async #begin(): Promise<void> {
    const { log } = this.#options;
    try {
      this.#addresses = await this.#resolve();
    } catch (error) {
      if (!this.#isImplied) throw error;
      this.#failed = true;
      log.warn(
        { error: String(error) },
        'the domain has not been resolved yet; announcing the addresses of this machine',
      );
    }
    if (this.#isImplied && this.#addresses.length > 0) {
      const announced = this.#addresses.map(({ address }) => address);
      log.info({ announced }, 'this machine is behind NAT; announcing the addresses that the domain resolves to');
    }
    if (this.#hasNames) this.#scheduleLookup();
  }

  get #hasNames(): boolean {
    return this.#announce.some((text) => isIP(parseEndpoint(text)?.host ?? '') === 0);
  }

  async #resolve(): Promise<readonly AnnouncedAddress[]> {
    const { isBehindNat = () => true } = this.#options;
    if (this.#isImplied && !isBehindNat()) return [];
    const addresses = await resolveAll(this.#announce, this.#options);
    // A hosts file or a local DNS server may resolve a name differently from public DNS.
    return this.#isImplied ? addresses.filter(isPublic) : addresses;
  }

  #scheduleLookup(): void {
    const { clock } = this.#options;
    const delayMs = this.#failed ? RETRY_MS : LOOKUP_INTERVAL_MS;
    this.#cancel = clock.setTimer(clock.now() + delayMs, () => this.lookUp());
  }

  /** Resolves with whether this is still the latest attempt; the results of earlier ones are discarded. */
  async #lookUp(isLatest: () => boolean): Promise<boolean> {
    const { log } = this.#options;
    try {
      const addresses = await this.#resolve();
      if (!isLatest()) return false;
      this.#failed = false;
      if (JSON.stringify(addresses) === JSON.stringify(this.#addresses)) return true;
      this.#addresses = addresses;
      log.info({ announced: addresses.map(({ address }) => address) }, 'announced addresses have changed');
    } catch (error) {
      if (!isLatest()) return false;
      // Logged only once, because the next attempt is soon.
      if (!this.#failed)
        log.warn({ error: String(error) }, 'announced addresses cannot be resolved, keeping the previous ones');
      this.#failed = true;
    }
    return true;
  }
}

async function resolveAll(
  announce: readonly string[],
  { resolve = lookUpAll }: AnnouncementOptions,
): Promise<readonly AnnouncedAddress[]> {
  const lists = await Promise.all(
    announce.map(async (text) => {
      const endpoint = parseEndpoint(text);
      if (endpoint === null) throw new Error(`"${text}" cannot be announced`);
      const { host, port } = endpoint;
      if (isIP(host) !== 0) return [{ address: host, port }];
      const addresses = await resolve(host).catch((error: unknown) => {
        throw new UnknownAnnouncementError(`the announced host name ${host} cannot be resolved`, { cause: error });
      });
      return addresses.map((address) => ({ address, port }));
    }),
  );
  return lists.flat();
}

function isPublic({ address }: AnnouncedAddress): boolean {
  return !isLoopback(address) && !isPrivateAddress(address);
}

async function lookUpAll(hostName: string): Promise<readonly string[]> {
  return (await lookup(hostName, { all: true })).map(({ address }) => address);
}
