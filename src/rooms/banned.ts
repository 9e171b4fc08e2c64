/** What happens to people who are here when they are banned. */
import type { Ban, BanList } from './ban-list.ts';
import type { Room } from './room.ts';

/** Removes those whom the ban concerns. Returns how many; what somebody shares goes with them. */
export function removeBanned(
  ban: Ban,
  { rooms, leaving }: { readonly rooms: Iterable<Room>; readonly leaving: Iterable<Room> },
  bans: BanList,
): number {
  const leftMs = ban.untilMs === null ? undefined : ban.untilMs - ban.sinceMs;
  let removed = 0;
  for (const room of [...rooms, ...leaving]) {
    for (const participant of [...room.everybody]) {
      const { address, admission } = participant;
      if (!bans.concerns(ban, room.key, admission.identity, address)) continue;
      participant.kick(leftMs);
      removed++;
    }
    for (const listener of [...room.listeners.all]) {
      if (!bans.concerns(ban, room.key, null, listener.address)) continue;
      listener.end('ended');
      removed++;
    }
  }
  return removed;
}
