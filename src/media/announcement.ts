import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Logger } from 'pino';
import type { Cancel, Clock, Millis } from '../lib/clock.ts';
import { parseEndpoint } from '../lib/endpoint.ts';

/** A server at home has an address that changes, mostly at night. */
const LOOKUP_INTERVAL_MS: Millis = 5 * 60_000;

/** An address that browsers are told in place of those bound. */
export interface AnnouncedAddress {
  readonly address: string;
  /** Of the first worker, the next has the next; null for the same port as inside. */
  readonly port: number | null;
}

export interface AnnouncementOptions {
  /** As `parseEndpoint` reads them. */
  readonly announce: readonly string[];
  readonly clock: Clock;
  readonly log: Logger;
  /** All addresses of a host name; of the system's resolver by default. */
  readonly resolve?: (hostName: string) => Promise<readonly string[]>;
}

/** What `--announce` stands for now: host names are looked up again every five minutes. */
export class Announcement {
  readonly #options: AnnouncementOptions;
  #addresses: readonly AnnouncedAddress[] = [];
  #cancel: Cancel | undefined;
  #closed = false;

  private constructor(options: AnnouncementOptions) {
    this.#options = options;
  }

  /** Rejects with an Error in words if a host name is not known. */
  static async start(options: AnnouncementOptions): Promise<Announcement> {
    const announcement = new Announcement(options);
    announcement.#addresses = await resolveAll(options);
    if (options.announce.some((text) => isIP(parseEndpoint(text)?.host ?? '') === 0)) announcement.#scheduleLookup();
    return announcement;
  }

  get addresses(): readonly AnnouncedAddress[] {
    return this.#addresses;
  }

  close(): void {
    this.#closed = true;
    this.#cancel?.();
  }

  #scheduleLookup(): void {
    if (this.#closed) return;
    const { clock } = this.#options;
    this.#cancel = clock.setTimer(clock.now() + LOOKUP_INTERVAL_MS, () => {
      void this.#lookUp().finally(() => this.#scheduleLookup());
    });
  }

  async #lookUp(): Promise<void> {
    const { log } = this.#options;
    try {
      const addresses = await resolveAll(this.#options);
      if (JSON.stringify(addresses) === JSON.stringify(this.#addresses)) return;
      this.#addresses = addresses;
      log.info({ announced: addresses.map(({ address }) => address) }, 'announced addresses have changed');
    } catch (error) {
      log.warn({ error: String(error) }, 'announced addresses cannot be looked up, the last ones still hold');
    }
  }
}

async function resolveAll({
  announce,
  resolve = lookUpAll,
}: AnnouncementOptions): Promise<readonly AnnouncedAddress[]> {
  const lists = await Promise.all(
    announce.map(async (text) => {
      const endpoint = parseEndpoint(text);
      if (endpoint === null) throw new Error(`"${text}" cannot be announced`);
      const { host, port } = endpoint;
      if (isIP(host) !== 0) return [{ address: host, port }];
      const addresses = await resolve(host).catch((error: unknown) => {
        throw new Error(`the host name ${host} to announce is not known`, { cause: error });
      });
      return addresses.map((address) => ({ address, port }));
    }),
  );
  return lists.flat();
}

async function lookUpAll(hostName: string): Promise<readonly string[]> {
  return (await lookup(hostName, { all: true })).map(({ address }) => address);
}
