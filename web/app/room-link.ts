const ROOM_NAME = /^(?!\.{1,2}$)[\p{L}\p{Nd}\-_.][\p{L}\p{M}\p{Nd}\-_.]{0,63}$/u;

/** Whether the server would accept this room name. The server decides; this check only saves a round trip. */
export function isRoomName(text: string): boolean {
  return ROOM_NAME.test(text);
}

/** The room of a deep link `/room/NAME`; null for any other path. */
export function roomOfPath(pathname: string): string | null {
  const encoded = /^\/room\/([^/]+)\/?$/.exec(pathname)?.[1];
  if (encoded === undefined) return null;
  try {
    return decodeURIComponent(encoded);
  } catch {
    return null;
  }
}

export function pathOfRoom(room: string): string {
  return `/room/${encodeURIComponent(room)}`;
}

/** The WebSocket URL of the server that the page came from. */
export function socketUrl(location: Location): string {
  return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws`;
}
