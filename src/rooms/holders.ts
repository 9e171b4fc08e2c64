/** Finds the participant whose place in a room somebody takes when they join again. */
import type { Admission } from './admission.ts';
import type { Participant } from './participant.ts';

/** The participant with this resume token, if any. */
export function holderOfToken(people: Iterable<Participant>, token: string | undefined): Participant | undefined {
  if (token === undefined) return undefined;
  for (const participant of people) if (participant.holdsToken(token)) return participant;
  return undefined;
}

/**
 * The participant with the same identity, if any. An identity can be in a room only once: joining again, for example from
 * a reloaded page, takes over its own place.
 */
export function holderOfIdentity(people: Iterable<Participant>, { identity }: Admission): Participant | undefined {
  if (identity === null) return undefined;
  for (const participant of people) if (participant.admission.identity === identity) return participant;
  return undefined;
}
