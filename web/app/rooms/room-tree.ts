import type { ListedRoom } from '../../../src/protocol/rooms.ts';

/** A place in the tree of rooms. */
export interface RoomNode {
  /** The last part of the name. */
  readonly label: string;
  /** The same for all spellings. */
  readonly key: string;
  /** Null for a group that is no room itself. */
  readonly room: ListedRoom | null;
  readonly children: readonly RoomNode[];
}

interface Growing {
  label: string;
  readonly key: string;
  room: ListedRoom | null;
  readonly children: Growing[];
}

const SPACED = /[ -]* [ -]*/g;

const names = new Intl.Collator(undefined, { numeric: true });

/** Rooms of the operator first, in their order. */
function byPlace(a: ListedRoom, b: ListedRoom): number {
  return Number(b.permanent) - Number(a.permanent) || a.order - b.order || names.compare(a.name, b.name);
}

/** The rooms as a tree by the slashes in their names. */
export function roomTree(rooms: readonly ListedRoom[]): readonly RoomNode[] {
  const top: Growing[] = [];
  const byKey = new Map<string, Growing>();
  for (const room of [...rooms].sort(byPlace)) {
    let siblings = top;
    let key = '';
    let node: Growing | undefined;
    for (const label of room.name.split('/')) {
      key += `/${keyOf(label)}`;
      node = byKey.get(key);
      if (node === undefined) {
        node = { label, key, room: null, children: [] };
        byKey.set(key, node);
        siblings.push(node);
      }
      siblings = node.children;
    }
    if (node === undefined) continue;
    node.room = room;
    node.label = room.name.split('/').at(-1) ?? node.label;
  }
  return top;
}

/** Those whose name or description contains the text. */
export function matchingRooms(rooms: readonly ListedRoom[], text: string): readonly ListedRoom[] {
  const wanted = keyOf(text.trim());
  return rooms.filter(({ name, description }) => keyOf(name).includes(wanted) || keyOf(description).includes(wanted));
}

function keyOf(text: string): string {
  return text.replace(SPACED, '-').toLowerCase();
}
