/** Who speaks in a room now, and how loud. */
import type { SpeakerLevel } from '../media/plane.ts';
import type { PlayerLevel } from './game-servers.ts';
import { type Person, publicKeyOf } from './hearing.ts';

export class RoomLevels {
  /** In dBov, by participant id. */
  byId: ReadonlyMap<string, number> = new Map();

  /**
   * Takes the levels of seats, and returns them by player.
   * @param personIn who has a seat now, if anybody
   */
  take(levels: readonly SpeakerLevel[], personIn: (seatId: number) => Person | undefined): readonly PlayerLevel[] {
    const speaking = new Map<string, number>();
    const players: PlayerLevel[] = [];
    for (const { seatId, levelDbov } of levels) {
      const person = personIn(seatId);
      if (person === undefined) continue;
      speaking.set(person.id, levelDbov);
      // Game servers are not told of what people share.
      if (person.owner === undefined) players.push([publicKeyOf(person), levelDbov]);
    }
    this.byId = speaking;
    return players;
  }
}
