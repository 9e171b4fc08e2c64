/** The link between the part of a room at this server and one at another. Both ends are told of each other from here. */
import { randomBytes, randomInt } from 'node:crypto';
import { AppError } from '../../lib/errors.ts';
import type { LinkKind } from '../../mixer/source/mix-source.ts';
import type { LinkParameters } from '../../rtc/link-options.ts';
import { SRTP_PROFILES, type SrtpMasterKey } from '../../rtc/srtp/srtp-keys.ts';
import { LinkControlSeat } from './link-seat.ts';
import type { WorkerSlot } from './worker-slot.ts';

export interface RoomLinkOptions {
  readonly roomId: number;
  readonly home: WorkerSlot;
  readonly leaf: WorkerSlot;
  /** Called once, not after `close`. */
  readonly onLost: () => void;
}

export class RoomLink {
  readonly #ends: LinkControlSeat[] = [];
  #closed = false;

  /** The room is open at both ends. Throws `AppError` `media_unavailable`. */
  constructor({ roomId, home, leaf, onLost }: RoomLinkOptions) {
    const lost = (): void => {
      if (this.#closed) return;
      this.close();
      onLost();
    };
    const { down, up, homeSsrc, leafSsrc } = newKeys();
    const { atHome, atLeaf } = pathBetween(home, leaf);
    const make = (slot: WorkerSlot, kind: LinkKind, parameters: LinkParameters): void => {
      const end = slot.addSeat((context) => new LinkControlSeat({ roomId, kind, parameters, onLost: lost }, context));
      this.#ends.push(end);
      end.start();
    };
    try {
      make(home, 'leaf', { localKey: down, remoteKey: up, localSsrc: homeSsrc, remoteSsrc: leafSsrc, ...atHome });
      make(leaf, 'home', { localKey: up, remoteKey: down, localSsrc: leafSsrc, remoteSsrc: homeSsrc, ...atLeaf });
    } catch (error) {
      this.close();
      throw error;
    }
  }

  close(): void {
    this.#closed = true;
    for (const end of this.#ends) end.close();
  }
}

/** How both ends reach each other. Throws `AppError` `media_unavailable`. */
function pathBetween(
  home: WorkerSlot,
  leaf: WorkerSlot,
): Record<'atHome' | 'atLeaf', Pick<LinkParameters, 'from' | 'to'>> {
  const homePort = home.addresses.find(({ protocol }) => protocol === 'udp')?.port;
  if (leaf.route === undefined || homePort === undefined) throw new AppError('media_unavailable');
  const { here, there, port } = leaf.route;
  return {
    atHome: { from: here, to: { address: there, port } },
    atLeaf: { from: there, to: { address: here, port: homePort } },
  };
}

/** New for each link. They go to the other server over a connection that is encrypted and authenticated. */
function newKeys() {
  const homeSsrc = randomInt(1, 2 ** 31);
  return { down: newKey(), up: newKey(), homeSsrc, leafSsrc: homeSsrc + 2 ** 31 };
}

function newKey(): SrtpMasterKey {
  const { keyLength, saltLength } = SRTP_PROFILES.AEAD_AES_128_GCM;
  return { key: new Uint8Array(randomBytes(keyLength)), salt: new Uint8Array(randomBytes(saltLength)) };
}
