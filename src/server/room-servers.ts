/** The servers of the cluster at which rooms of this one may go on, and those that have rooms here. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { NodeRecord } from '../cluster/node-record.ts';
import { openPeerStream, PeerDoor, type PeerStream } from '../cluster/peer-stream.ts';
import type { Cancel, Clock, Millis } from '../lib/clock.ts';
import type { MediaPlane } from '../media/plane.ts';

const INTERVAL_MS: Millis = 1000;

export interface RoomServersOptions {
  readonly directory: { readonly nodes: readonly NodeRecord[] };
  /** The name of this server. */
  readonly self: string;
  readonly secret: string;
  /** Whether rooms may be at several servers. */
  readonly isOn: boolean;
  readonly media: () => Pick<MediaPlane, 'followServers' | 'lendWorker'>;
  readonly version: string;
  readonly clock: Clock;
}

export class RoomServers {
  readonly #options: RoomServersOptions;
  readonly #door: PeerDoor;
  #cancel: Cancel = () => {};

  constructor(options: RoomServersOptions) {
    this.#options = options;
    const { secret, clock, media } = options;
    this.#door = new PeerDoor({ purpose: 'worker', secret, clock, onPeer: (peer) => media().lendWorker(peer) });
  }

  /** From now on the media plane knows the others. */
  start(): void {
    const { isOn, clock, media } = this.#options;
    if (!isOn) return;
    media().followServers(this.#others.map(({ node }) => node));
    this.#cancel = clock.setTimer(clock.now() + INTERVAL_MS, () => this.start());
  }

  /** Takes an upgrade request of another server. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    return this.#options.isOn && this.#door.upgrade(request, socket, head);
  }

  /** Rejects with an explanatory Error. */
  connect(server: string): Promise<PeerStream> {
    const { secret, clock } = this.#options;
    const record = this.#others.find(({ node }) => node === server);
    if (record === undefined) return Promise.reject(new Error('there is no such server'));
    return openPeerStream(record.peer, { purpose: 'worker', secret, clock });
  }

  close(): void {
    this.#cancel();
    this.#door.close();
  }

  /** Servers of another version may understand something else. */
  get #others(): readonly NodeRecord[] {
    const { directory, self, version } = this.#options;
    return directory.nodes.filter((node) => node.node !== self && !node.draining && node.version === version);
  }
}
