import type { ServerMessage } from '../protocol/messages.ts';
import type { RoomEvent } from '../rooms/events.ts';

const encodedEvents = new WeakMap<RoomEvent, Buffer>();

/**
 * An event as UTF-8. An event for everyone in a room is one object, so it is serialized once and not once per listener.
 */
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
