import { AppError } from '../lib/errors.ts';
import type { LimitCounts } from '../lib/rates/limit-counts.ts';
import { Companions } from './companions.ts';
import type { Participant } from './participant.ts';

/** Everyone in a room: people, and what they share beside their voices. */
export class RoomMembers {
  /** In order of arrival. */
  readonly byId = new Map<string, Participant>();
  readonly companions = new Companions();

  /** Number of people. */
  get size(): number {
    return this.byId.size - this.companions.size;
  }

  get people(): readonly Participant[] {
    return [...this.byId.values()].filter(({ owner }) => owner === undefined);
  }

  add(participant: Participant): void {
    this.byId.set(participant.id, participant);
    this.companions.add(participant);
  }

  delete(participant: Participant): void {
    this.byId.delete(participant.id);
    this.companions.delete(participant);
  }

  /** Throws `room_full`, or `too_many_shares` for a companion. */
  checkPlaceFor(owner: unknown, maxPeople: number, limitCounts: LimitCounts): void {
    if (owner !== undefined) {
      this.companions.checkPlace();
    } else if (this.size >= maxPeople) {
      limitCounts.hit('participants_per_room');
      throw new AppError('room_full');
    }
  }
}
