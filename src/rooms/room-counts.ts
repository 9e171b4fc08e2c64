/** How many rooms there are in all and of each address. */
import { AppError } from '../lib/errors.ts';
import { AddressCount } from '../lib/rates/address-count.ts';
import type { LimitCounts } from '../lib/rates/limit-counts.ts';

export interface RoomCountLimits {
  readonly maxRooms: number;
  /** 0: no limit. */
  readonly maxRoomsPerAddress: number;
}

export class RoomCounts {
  #maxRooms: number;
  readonly #openedBy: AddressCount;
  readonly #limitCounts: LimitCounts;

  constructor({ maxRooms, maxRoomsPerAddress }: RoomCountLimits, limitCounts: LimitCounts) {
    this.#maxRooms = maxRooms;
    this.#openedBy = new AddressCount(maxRoomsPerAddress);
    this.#limitCounts = limitCounts;
  }

  setLimits({ maxRooms, maxRoomsPerAddress }: RoomCountLimits): void {
    this.#maxRooms = maxRooms;
    this.#openedBy.setMax(maxRoomsPerAddress);
  }

  /** Throws `too_many_rooms` if there are so many. */
  check(rooms: number): void {
    if (rooms < this.#maxRooms) return;
    this.#limitCounts.hit('rooms');
    throw new AppError('too_many_rooms');
  }

  /** Counts one more room of this address until the returned function is called. Throws `too_many_rooms_of_address`. */
  add(from: string | undefined): () => void {
    if (from === undefined) return () => {};
    if (!this.#openedBy.isFull(from)) return this.#openedBy.add(from);
    this.#limitCounts.hit('rooms_per_address');
    throw new AppError('too_many_rooms_of_address');
  }
}
