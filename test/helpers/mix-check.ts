/** Compares what the listeners of a perfect room get with the sum of what the others say. */
import { SILENCE_PACKET, SILENCE_REFRESH_PACKET } from '../../src/formats/opus-packet.ts';
import { FRAME_SAMPLES } from '../../src/mixer/format.ts';
import type { Person, PersonAddress, Room } from './perfect-room.ts';
import type { PlainCodec } from './plain-codec.ts';
import type { Prng } from './prng.ts';

/** Largest deviation from `sum * (a + b * i)` for the best a and b, and the gains at both ends of the frame. */
export function fitGain(heard: Int16Array, sum: Float32Array): { deviation: number; from: number; to: number } {
  let [ss, sis, iisis, hs, his] = [0, 0, 0, 0, 0];
  for (let i = 0; i < FRAME_SAMPLES; i++) {
    const x = sum[i]!;
    const xi = x * (i / FRAME_SAMPLES);
    ss += x * x;
    sis += x * xi;
    iisis += xi * xi;
    hs += heard[i]! * x;
    his += heard[i]! * xi;
  }
  const determinant = ss * iisis - sis * sis || 1;
  const a = (hs * iisis - his * sis) / determinant;
  const b = (ss * his - sis * hs) / determinant;
  let deviation = 0;
  for (let i = 0; i < FRAME_SAMPLES; i++) {
    deviation = Math.max(deviation, Math.abs(heard[i]! - sum[i]! * (a + b * (i / FRAME_SAMPLES))));
  }
  return { deviation, from: a, to: a + b };
}

type Sounds = Room['sounds']['to'];

type Side = 'left' | 'right';

/** What a channel's direction makes of its gain on one side. */
function panGain(pan: number, side: Side): number {
  const away = side === 'left' ? pan : -pan;
  return 1 - 0.75 * Math.max(0, away);
}

/** The gain with which a voice reaches the listener: that of the first channel that both share, or 1 for a whisper. */
function reach(to: PersonAddress, listener: Person, heard: readonly number[], sounds: Sounds, side: Side): number {
  const gainOf = (channel: number) => sounds.get(channel)?.gain ?? 1;
  const shared = to.channels.filter((channel) => heard.includes(channel) && gainOf(channel) > 0);
  if (shared.length === 0) return to.people.includes(listener) ? 1 : 0;
  const first = Math.min(...shared);
  return gainOf(first) * (listener.place.takesStereo ? panGain(sounds.get(first)?.pan ?? 0, side) : 1);
}

/** How much channels with priority turn a voice down for a listener. */
function duckGains({ ducks, sounds }: Room, { address }: Person, { channels }: Person): { from: number; to: number } {
  const least = { from: 1, to: 1 };
  for (const end of ['from', 'to'] as const) {
    for (const [channel, duck] of ducks) {
      const isHeard = channels[end].includes(channel) && sounds[end].get(channel)?.gain !== 0;
      if (isHeard && !address[end].channels.includes(channel)) least[end] = Math.min(least[end], duck[end]);
    }
  }
  return least;
}

/** Both sides of a packet. */
function sidesOf(frame: Int16Array): Record<Side, Int16Array> {
  if (frame.length === FRAME_SAMPLES) return { left: frame, right: frame };
  const [left, right] = [new Int16Array(FRAME_SAMPLES), new Int16Array(FRAME_SAMPLES)];
  for (let i = 0; i < FRAME_SAMPLES; i++) {
    left[i] = frame[2 * i]!;
    right[i] = frame[2 * i + 1]!;
  }
  return { left, right };
}

const endsSilent = (frame: Int16Array) => frame.subarray(-100).every((sample) => sample === 0);

/**
 * Checks this listener's packet of this tick against the sum of the others. Returns what is wrong, or undefined.
 * @param deafenedNow since this tick, in which what they hear may fade
 */
export function complaint(room: Room, listener: Person, codec: PlainCodec, deafenedNow = false): string | undefined {
  const left = complaintAbout('left', room, listener, codec, deafenedNow);
  // In mono both sides are the same.
  if (left !== undefined || (!listener.place.takesStereo && !isStereo(listener, codec))) return left;
  return complaintAbout('right', room, listener, codec, deafenedNow);
}

function isStereo({ written }: Person, codec: PlainCodec): boolean {
  const last = written.at(-1);
  return last !== undefined && codec.decode(last.payload).length > FRAME_SAMPLES;
}

function complaintAbout(
  side: Side,
  room: Room,
  listener: Person,
  codec: PlainCodec,
  deafenedNow: boolean,
): string | undefined {
  const sum = new Float32Array(FRAME_SAMPLES);
  let others = 0;
  for (const person of room.people) {
    if (person === listener || !person.contributes) continue;
    const gain = listener.gains.get(person) ?? { from: 1, to: 1 };
    const { sounds } = room;
    const duck = duckGains(room, person, listener);
    const to = reach(person.address.to, listener, listener.channels.to, sounds.to, side) * gain.to * duck.to;
    const reached = reach(person.address.from, listener, listener.channels.from, sounds.from, side);
    const before = reached * gain.from * duck.from;
    const from = person.contributedBefore ? before : to;
    if (from === 0 && to === 0) continue;
    others++;
    const { samples } = person.twin.frame;
    for (let i = 0; i < FRAME_SAMPLES; i++) sum[i]! += samples[i]! * (from + ((to - from) * (i + 1)) / FRAME_SAMPLES);
  }
  const last = listener.written.at(-1);
  const packet = last?.tick === room.tick - 1 ? last.payload : undefined;
  const silent = packet === undefined || packet === SILENCE_PACKET || packet === SILENCE_REFRESH_PACKET;
  if (others === 0 || listener.place.deafened) {
    if (silent || (deafenedNow && endsSilent(codec.decode(packet)))) return undefined;
    return 'sound where silence belongs';
  }
  if (silent) return 'silence where sound belongs';
  const { deviation, from, to } = fitGain(sidesOf(codec.decode(packet))[side], sum);
  const least = Math.sqrt(2 / Math.max(2, room.people.length)) - 0.01;
  if (deviation > 1.01) return `${side} is off by ${deviation}`;
  return from <= 1.01 && to <= 1.01 && to >= least && from >= -0.01 ? undefined : `gain from ${from} to ${to}`;
}

export interface RandomRoom {
  readonly room: Room;
  readonly codec: PlainCodec;
  readonly prng: Prng;
  readonly join: () => void;
  /** What else a person may do in a tick, beside talking, muting and leaving. */
  readonly change: (person: Person) => void;
  /** Whether what this listener hears may fade in this tick. */
  readonly mayFade?: (listener: Person) => boolean;
  /** Called before anything changes in a tick. */
  readonly beforeTick?: () => void;
}

/** Runs 200 ticks in which people talk, mute, join and leave at random. Throws when anyone hears something wrong. Closes the mixer. */
export function runAtRandom({ room, codec, prng, join, change, mayFade, beforeTick }: RandomRoom): void {
  // A leaver's last frame fades out for one tick, without a twin to compare with.
  let unknown = 0;
  for (let tick = 0; tick < 200; tick++) {
    beforeTick?.();
    for (const person of [...room.people]) {
      if (prng() < 0.03) person.talking = !person.talking;
      if (prng() < 0.01) room.mute(person, !person.muted);
      change(person);
      if (prng() < 0.002 && room.people.length > 2) {
        room.leave(person);
        unknown = 2;
      }
    }
    if (prng() < 0.01) join();
    room.run();
    if (unknown-- > 0) continue;
    for (const listener of room.people) {
      const wrong = complaint(room, listener, codec, mayFade?.(listener) ?? false);
      if (wrong !== undefined) throw new Error(`tick ${tick}, ${room.people.length} people: ${wrong}`);
    }
  }
  room.mixer.close();
}
