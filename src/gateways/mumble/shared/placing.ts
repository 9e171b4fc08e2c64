/** Where a Mumble client says that its player is, in a room with a space whose rules let clients say so. */

import type { Millis } from '../../../lib/clock.ts';
import { AppError } from '../../../lib/errors.ts';
import { MAX_COORDINATE } from '../../../protocol/space.ts';
import type { Participant } from '../../../rooms/participant.ts';
import type { RoomRegistry } from '../../../rooms/registry.ts';
import { roomOf } from '../../../rooms/room-of.ts';
import { fromMetres } from '../../../rooms/space/axes.ts';

/** As often as clients of ours say it. A position comes with each packet of voice. */
const EVERY_MS: Millis = 50;

export class Placing {
  readonly #registry: RoomRegistry;
  #nextMs: Millis = Number.NEGATIVE_INFINITY;

  constructor(registry: RoomRegistry) {
    this.#registry = registry;
  }

  /**
   * Moves their player, or its ears, as far as the rules of the room allow it.
   * @param position see `ReceivedVoice`
   */
  take(participant: Participant, position: Readonly<Float32Array>, nowMs: Millis): void {
    if (nowMs < this.#nextMs) return;
    this.#nextMs = nowMs + EVERY_MS;
    try {
      const { view } = roomOf(this.#registry, participant).space;
      if (view === null || view.positions === 'server') return;
      // Mumble's axes are those of Unity; the mixer's have z the other way round.
      const at = fromMetres(view.axes, view.metresPerUnit, [position[0]!, position[1]!, -position[2]!]);
      if (at.every((value) => Math.abs(value) <= MAX_COORDINATE)) participant.pose({ position: at });
    } catch (thrown) {
      // The room is full of bodies, or the game server has not placed this player yet: they are heard as before.
      if (!(thrown instanceof AppError)) throw thrown;
    }
  }
}
