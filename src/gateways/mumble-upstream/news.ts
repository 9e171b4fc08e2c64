/** What the people of a coupled room are told of the other server, in the language of their page. */

import { MUMBLE_TOPIC, type MumbleNews } from '../../protocol/mumble-news.ts';
import type { ParticipantListener } from '../../rooms/events.ts';
import type { Participant } from '../../rooms/participant.ts';

interface Told {
  readonly client: ParticipantListener;
  readonly text: string;
}

/** Tells each what is true for them, and again after their client has connected anew. */
export class News {
  readonly #told = new Map<Participant, Told>();

  /** Tells everybody in the room. Call it about once a second, and when something has changed. */
  tell(people: ReadonlySet<Participant>, newsFor: (participant: Participant) => MumbleNews): void {
    for (const participant of this.#told.keys()) if (!people.has(participant)) this.#told.delete(participant);
    for (const participant of people) this.#tell(participant, newsFor(participant));
  }

  #tell(participant: Participant, payload: MumbleNews): void {
    const { client } = participant;
    if (client?.takesData !== true) return;
    const before = this.#told.get(participant);
    const text = JSON.stringify(payload);
    if (before?.client === client && before.text === text) return;
    this.#told.set(participant, { client, text });
    // Nobody needs to be told that all is as it should be.
    if (payload.state !== 'connected' || before !== undefined)
      participant.deliver({ type: 'data', from: null, topic: MUMBLE_TOPIC, payload });
  }
}
