/**
 * One voice that is heard alone costs nothing: its listeners are sent its packets as they are. They follow it from its
 * beginning, after silence, because decoders that were silent are in step with it at once. When a second voice begins,
 * they all change to a fresh encoder.
 */
import { ROOM_CHANNEL } from './channel-set.ts';
import type { Place } from './mix-participant.ts';

/** The only voice of this tick, if its packets can be passed on. All other voices are decoded. */
export function loneTalker(contributors: readonly Place[]): Place | undefined {
  const first = contributors[0];
  if (contributors.length === 1 && first !== undefined && isPlain(first)) return first;
  for (let i = 0; i < contributors.length; i++) contributors[i]!.source.endPassage();
  return undefined;
}

/** Everyone in the room hears it in the same way, and did in the previous tick. */
function isPlain({ source, address, addressBefore }: Place): boolean {
  return source.passed !== undefined && address === addressBefore && address.channels.has(ROOM_CHANNEL);
}

/** Whether this listener, who hears something in this tick, is sent the lone talker's packet. */
export function follows(listener: Place, lone: Place): boolean {
  if (listener.isPersonal || listener.deafened) return false;
  const { to } = listener.listening;
  return to === 'passed' || (to === 'silence' && !lone.soundedBefore);
}
