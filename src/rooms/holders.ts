/** Whose place in a room somebody takes who joins again. */
import type { Admission } from './admission.ts';
import type { Participant } from './participant.ts';

export function holderOfToken(people: Iterable<Participant>, token: string | undefined): Participant | undefined {
  if (token === undefined) return undefined;
  for (const participant of people) if (participant.holdsToken(token)) return participant;
  return undefined;
}

/**
 * An identity can be in a room only once: joining again, for example from a reloaded page, takes over its own place.
 */
export function holderOfIdentity(people: Iterable<Participant>, { identity }: Admission): Participant | undefined {
  if (identity === null) return undefined;
  for (const participant of people) if (participant.admission.identity === identity) return participant;
  return undefined;
}
