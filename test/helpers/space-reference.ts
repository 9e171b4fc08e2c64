/** What somebody hears in space, computed slowly and for each listener alone, to compare with what the mixer sends. */
import { FRAME_SAMPLES } from '../../src/mixer/format.ts';
import { earsOf, pairGains } from '../../src/mixer/space/pair.ts';
import type { SpaceSettings } from '../../src/mixer/space/space-settings.ts';
import type { Person } from './perfect-room.ts';
import type { World } from './world.ts';

/** One pole at 1.2 kHz, and one of 40 ms for the gains. */
const POLE = Math.exp((-2 * Math.PI * 1200) / 48_000);
const STEP = 1 - Math.exp(-20 / 40);

interface ReferencePath {
  from: readonly number[];
  to: readonly number[];
}

/** The low-passed copies of all voices. */
export class MuffledVoices {
  readonly #last = new Map<Person, number>();
  readonly frames = new Map<Person, Float64Array>();

  /** Call once per tick, after it has run. */
  tick(people: readonly Person[]): void {
    this.frames.clear();
    for (const person of people) {
      if (!person.place.contributing) {
        this.#last.delete(person);
        continue;
      }
      let y = this.#last.get(person) ?? 0;
      const copy = Float64Array.from(person.place.frame.samples, (x) => {
        y = (1 - POLE) * x + POLE * y;
        return y;
      });
      this.#last.set(person, y);
      this.frames.set(person, copy);
    }
  }
}

/** The ears of one listener. */
export class ReferenceEars {
  readonly listener: Person;
  #paths = new Map<Person, ReferencePath>();

  constructor(listener: Person) {
    this.listener = listener;
  }

  /** Both sides in this tick; call once per tick, after it has run. Undefined if nothing is heard. */
  hear(
    people: readonly Person[],
    muffled: MuffledVoices,
    world: World,
    settings: SpaceSettings,
  ): { readonly left: Float32Array; readonly right: Float32Array } | undefined {
    const bodies = world.read();
    const own = bodies.slotOf(this.listener.place.voice);
    const [left, right] = [new Float32Array(FRAME_SAMPLES), new Float32Array(FRAME_SAMPLES)];
    const paths = new Map<Person, ReferencePath>();
    let isHeard = false;
    for (const person of people) {
      if (!person.place.contributing || person === this.listener || own === undefined) continue;
      const voice = bodies.slotOf(person.place.voice);
      const target = new Float32Array(4);
      const loudest = voice === undefined ? 0 : pairGains(bodies, voice, earsOf(bodies, own), settings, 1, target);
      const path = next(this.#paths.get(person), loudest > 0 ? [...target] : undefined, person.place.soundedBefore);
      if (path === undefined) continue;
      paths.set(person, path);
      const { from, to } = this.listener.gains.get(person) ?? { from: 1, to: 1 };
      const before = person.place.soundedBefore ? from : to;
      if (before === 0 && to === 0) continue;
      isHeard = true;
      add(left, person, muffled, path, 0, before, to);
      add(right, person, muffled, path, 2, before, to);
    }
    this.#paths = paths;
    return isHeard ? { left, right } : undefined;
  }
}

function next(
  before: ReferencePath | undefined,
  target: readonly number[] | undefined,
  soundedBefore: boolean,
): ReferencePath | undefined {
  const from = before?.to;
  if (target === undefined)
    return from === undefined || from.every((gain) => gain === 0) ? undefined : { from, to: [0, 0, 0, 0] };
  if (from === undefined) return { from: soundedBefore ? [0, 0, 0, 0] : target, to: target };
  const to = from.map((gain, i) => {
    const moved = gain + (target[i]! - gain) * STEP;
    return Math.abs(moved - target[i]!) < 1e-4 ? target[i]! : moved;
  });
  return { from, to };
}

function add(
  side: Float32Array,
  person: Person,
  muffled: MuffledVoices,
  { from, to }: ReferencePath,
  at: number,
  gainFrom: number,
  gainTo: number,
): void {
  const copy = muffled.frames.get(person)!;
  for (let i = 0; i < FRAME_SAMPLES; i++) {
    const part = (i + 1) / FRAME_SAMPLES;
    const gain = (index: number) => from[index]! * gainFrom + (to[index]! * gainTo - from[index]! * gainFrom) * part;
    const [low, high] = [gain(at), gain(at + 1)];
    side[i]! += high * person.place.frame.samples[i]! + (low - high) * copy[i]!;
  }
}
