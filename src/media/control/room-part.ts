/** A room in one worker, of this server or of another one, and the choice of the worker. */
import type { MixSettings } from '../../mixer/mix/mixer.ts';
import type { HeardInSpace, SpeakerLevel } from '../plane.ts';
import type { ControlSeat } from './control-seat.ts';
import type { RoomLink } from './room-link.ts';
import type { WorkerSlot } from './worker-slot.ts';

const LOAD_STEP = 0.05;
/** Of one of several servers, at most so many are heard at a time. Its home takes them for one. */
const LEAF_TALKERS = 3;

/** The participants of the room in one worker. */
export interface RoomPart {
  readonly slot: WorkerSlot;
  /** Its worker is at another server. */
  readonly isRemote: boolean;
  /** The sum of this part's talkers, for the others. */
  readonly mix: SharedArrayBuffer;
  readonly number: number;
  /** Its shouts, for linked rooms; made when the room is first linked. */
  shouts: SharedArrayBuffer | undefined;
  readonly seats: Set<ControlSeat>;
  speaking: readonly SpeakerLevel[];
  heard: HeardInSpace;
  /** It is at another server, and this leads there. */
  link: RoomLink | undefined;
}

/** How a part is mixed: the home decides who is heard of what several servers send. */
export function mixOf({ isRemote }: RoomPart, mix: MixSettings): MixSettings {
  if (!isRemote) return mix;
  return { ...mix, maxTalkers: mix.maxTalkers === 0 ? LEAF_TALKERS : Math.min(mix.maxTalkers, LEAF_TALKERS) };
}

export function lowestLoad(slots: readonly WorkerSlot[]): WorkerSlot | undefined {
  return slots.reduce<WorkerSlot | undefined>(
    (best, slot) => (best === undefined || hasLessToDo(slot, best) ? slot : best),
    undefined,
  );
}

/** If two loads differ by less than can be measured, the number of seats decides. */
export function hasLessToDo(a: WorkerSlot, b: WorkerSlot): boolean {
  const difference = Math.round(a.load / LOAD_STEP) - Math.round(b.load / LOAD_STEP);
  return (difference || a.seats - b.seats) < 0;
}
