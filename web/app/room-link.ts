/** A name without slashes. */
const ROOM_NAME = /^(?!\.{1,2}$)[\p{L}\p{Nd}\-_.](?: ?[\p{L}\p{M}\p{Nd}\-_.\u200C\u200D]){0,63}$/u;
const AROUND = /^[\p{Zs}/]+|[\p{Zs}/]+$/gu;
const SPACES = /\p{Zs}+/gu;
const AROUND_SLASHES = /[\p{Zs}/]*\/[\p{Zs}/]*/gu;
const APOSTROPHES = /['’]/g;
const NOT_IN_NAMES = /[^\p{L}\p{M}\p{Nd}\-_.]+/gu;
const AT_ENDS = /^[-.\p{M}]+|[-./]+$/gu;
const SPACED = /[ -]* [ -]*/g;
const MAX_LENGTH = 64;

/** Whether the server would accept this room name. The server decides; this check only saves a round trip. */
export function isRoomName(text: string): boolean {
  return [...text].length <= MAX_LENGTH && text.split('/').every((part) => ROOM_NAME.test(part));
}

/** What somebody means who types or pastes this as a room: spaces and slashes around it do not count, and links are followed. */
export function tidyRoomName(text: string): string {
  const isLink = /^\s*https?:\/\//i.test(text);
  const linked = isLink ? roomOfLink(text.trim()) : null;
  // A damaged link is shown as it is.
  if (isLink && linked === null) return text.trim();
  return (linked ?? text).normalize('NFC').replace(AROUND, '').replace(AROUND_SLASHES, '/').replace(SPACES, ' ');
}

/** A room name that is like this text, for when it is none itself; empty if there is none. */
export function suggestRoomName(text: string): string {
  const parts = tidyRoomName(text)
    .split('/')
    .map((part) => part.replace(APOSTROPHES, '').replace(NOT_IN_NAMES, '-').replace(AT_ENDS, ''));
  const name = parts.filter((part) => part !== '').join('/');
  return [...name].slice(0, MAX_LENGTH).join('').replace(AT_ENDS, '');
}

/** Whether both names mean the same room, as far as can be told without the server. */
export function isSameRoom(one: string, other: string): boolean {
  return keyOf(one) === keyOf(other);
}

/** The room of a deep link `/room/NAME`, whose name may have slashes; null for any other path. */
export function roomOfPath(pathname: string): string | null {
  const encoded = /^\/room\/([^/].*?)\/*$/i.exec(pathname)?.[1];
  if (encoded === undefined) return null;
  try {
    return tidyRoomName(decodeURIComponent(encoded));
  } catch {
    // A damaged link is shown as it is, with a suggestion.
    return encoded;
  }
}

/** Names with a hyphen in place of each space mean the same room, and look better in a link. */
export function pathOfRoom(room: string): string {
  return `/room/${hyphenated(room).split('/').map(encodeURIComponent).join('/')}`;
}

/** The WebSocket URL of the server that the page came from. */
export function socketUrl(location: Location): string {
  return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws`;
}

function roomOfLink(link: string): string | null {
  try {
    return roomOfPath(new URL(link).pathname);
  } catch {
    return null;
  }
}

function keyOf(room: string): string {
  return hyphenated(tidyRoomName(room)).toLowerCase();
}

function hyphenated(room: string): string {
  return room.replace(SPACED, '-');
}
