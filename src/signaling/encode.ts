import type { ServerMessage } from '../protocol/messages.ts';
import type { RoomEvent } from '../rooms/events.ts';

const encodedEvents = new WeakMap<RoomEvent, Buffer>();

/** The text of an event as UTF-8. What a room tells to everybody is one object, so that it is written once, not once a listener. */
export function encodeEvent(event: RoomEvent): Buffer {
  let bytes = encodedEvents.get(event);
  if (bytes === undefined) {
    bytes = Buffer.from(encodeMessage(event));
    encodedEvents.set(event, bytes);
  }
  return bytes;
}

export function encodeMessage(message: ServerMessage): string {
  return JSON.stringify(message);
}
