import type { RoomEvent } from '../rooms/events.ts';
import type { ServerMessage } from './protocol.ts';

const encodedEvents = new WeakMap<RoomEvent, string>();

/** The text of an event. What a room tells to everybody is one object, so that it is written once, not once a listener. */
export function encodeEvent(event: RoomEvent): string {
  let text = encodedEvents.get(event);
  if (text === undefined) {
    text = encodeMessage(event);
    encodedEvents.set(event, text);
  }
  return text;
}

export function encodeMessage(message: ServerMessage): string {
  return JSON.stringify(message);
}
