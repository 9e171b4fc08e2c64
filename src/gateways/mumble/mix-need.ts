/** When a Mumble client has to hear the mix of its room, because single voices cannot express what is said there. */
import type { Millis } from '../../lib/clock.ts';
import { ROOM_CHANNEL } from '../../media/plane.ts';
import type { Participant } from '../../rooms/participant.ts';
import type { Room } from '../../rooms/room.ts';

/** A seat that hears the mix is another one, so it is not taken anew for each word. */
const HOLD_MS: Millis = 10_000;

export class MixNeed {
  #untilMs: Millis = Number.NEGATIVE_INFINITY;

  isNeeded(room: Room, participant: Participant, nowMs: Millis): boolean {
    if (isSpokenToBesideRoom(room, participant)) this.#untilMs = nowMs + HOLD_MS;
    return room.space.view !== null || nowMs < this.#untilMs;
  }
}

/**
 * Somebody whispers to them, or speaks in a channel that they hear. What goes to the room is passed on by itself, and so
 * are whispers of Mumble clients.
 */
function isSpokenToBesideRoom(room: Room, listener: Participant): boolean {
  const seatId = listener.seat?.id;
  const hears = listener.sound.plan?.hears ?? [];
  for (const talker of room.all) {
    const { plan } = talker.sound;
    if (plan === undefined || talker === listener || plan.speaksInto.includes(ROOM_CHANNEL)) continue;
    if (plan.speaksInto.some((channel) => hears.includes(channel))) return true;
    if (seatId !== undefined && plan.whispersTo.includes(seatId) && talker.view.via !== 'mumble') return true;
  }
  return false;
}
