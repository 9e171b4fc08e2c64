import { askAll, RefusedError, type RunningServer } from './running-server.ts';

export interface FoundParticipant {
  readonly id: string;
  readonly identity: string | null;
  readonly name: string;
  readonly address: string | null;
}

/**
 * Finds a participant by id, or else by identity or name. Rejects with `RefusedError` unless exactly one matches.
 * Everybody chooses their name, so the id of somebody else as a name must not protect them.
 */
export async function findParticipant(server: RunningServer, room: string, who: string): Promise<FoundParticipant> {
  const path = `/rooms/${encodeURIComponent(room)}/participants`;
  const everybody = await askAll<FoundParticipant>(server, path, 'participants');
  const found = everybody.filter(({ id, identity, name }) => [id, identity, name].includes(who));
  const [one, ...others] = found.some(({ id }) => id === who) ? found.filter(({ id }) => id === who) : found;
  if (one === undefined) throw new RefusedError(`nobody in this room is called ${JSON.stringify(who)}.`);
  if (others.length === 0) return one;
  const ids = found.map(({ id }) => id).join(', ');
  throw new RefusedError(`${found.length} people are called ${JSON.stringify(who)}; use one of their ids: ${ids}.`);
}
