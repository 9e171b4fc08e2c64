import type { EndReason, EventOf, ParticipantListener, RoomEvent } from '../../src/rooms/events.ts';

/** The client of a participant, which keeps what it receives. */
export class RecordingListener implements ParticipantListener {
  readonly takesChat: boolean;
  readonly events: RoomEvent[] = [];
  endedBy: EndReason | undefined;

  constructor({ takesChat = true }: { readonly takesChat?: boolean } = {}) {
    this.takesChat = takesChat;
  }

  event(...events: readonly RoomEvent[]): void {
    this.events.push(...events);
  }

  ended(reason: EndReason): void {
    this.endedBy = reason;
  }

  /** The events of these types since the last call; the others are dropped. */
  take<T extends RoomEvent['type']>(...types: readonly T[]): EventOf<T>[] {
    return this.events
      .splice(0)
      .filter((event): event is EventOf<T> => (types as readonly string[]).includes(event.type));
  }
}
