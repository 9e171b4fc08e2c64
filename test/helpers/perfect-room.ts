import type { Codec } from '../../src/mixer/codec/codec.ts';
import { CodecPool } from '../../src/mixer/codec/codec-pool.ts';
import { opusCodec } from '../../src/mixer/codec/opus.ts';
import { FRAME_SAMPLES, PTIME_MS } from '../../src/mixer/format.ts';
import { ChannelSet } from '../../src/mixer/mix/channel-set.ts';
import { type ChannelSound, PLAIN_CHANNEL } from '../../src/mixer/mix/channel-sounds.ts';
import { DOWN_DB, HOLD_TICKS, UP_DB } from '../../src/mixer/mix/ducking.ts';
import { type MixParticipant, type Place, placeOf } from '../../src/mixer/mix/mix-participant.ts';
import { Mixer, type MixSettings } from '../../src/mixer/mix/mixer.ts';
import type { SourceKind } from '../../src/mixer/source/mix-source.ts';
import { Source } from '../../src/mixer/source/source.ts';
import { lightOpus } from './light-opus.ts';

export interface Written {
  readonly tick: number;
  readonly payload: Uint8Array;
  readonly timestamp: number;
  readonly marker: boolean;
}

/**
 * A participant and, beside it, the same source alone, which shows what it should add to the mix. With real Opus nothing
 * is compared, and the twin is idle.
 */
export interface Person {
  readonly participant: MixParticipant;
  /** The internals of `participant`. */
  readonly place: Place;
  readonly twin: Source;
  readonly written: Written[];
  readonly sound: Int16Array;
  sequenceNumber: number;
  talking: boolean;
  /** The level in the packets (RFC 6464). */
  levelDbov: number;
  muted: boolean;
  contributes: boolean;
  contributedBefore: boolean;
  /** Where this voice goes, and the numbers of the channels that this person hears, in the last tick that ran. */
  address: { from: PersonAddress; to: PersonAddress };
  channels: { from: readonly number[]; to: readonly number[] };
  /** Own gains for what this person hears of others, in the last tick that ran. */
  readonly gains: Map<Person, { from: number; to: number }>;
}

/** Where a voice goes: channels, and people to whom it whispers. */
export interface PersonAddress {
  readonly channels: readonly number[];
  readonly people: readonly Person[];
}

const TO_ROOM: PersonAddress = { channels: [0], people: [] };

export interface Joining {
  /** Numbers of the channels that are heard. */
  readonly channels?: readonly number[];
  readonly muted?: boolean;
  readonly deafened?: boolean;
  /** Packets are added here. */
  readonly written?: Written[];
  readonly arriving?: boolean;
  readonly takesStereo?: boolean;
  /** Samples of `sound` are interleaved for music. Its twin is a voice, so nothing is compared with it. */
  readonly kind?: SourceKind;
}

/** Nobody's sound is compared with that of a twin then, and decoding everything twice would take most of the time. */
const REAL: ReadonlySet<Codec> = new Set([opusCodec, lightOpus]);

/** Counted across all rooms, because they may be parts of one. */
let voices = 0;

/** A room on a perfect network: what talkers say in a tick is pushed just before it. */
export class Room {
  readonly pool: CodecPool;
  readonly people: Person[] = [];
  readonly mixer: Mixer;
  readonly #encode: (frame: Int16Array, person: Person) => Uint8Array;
  readonly #twinPool: CodecPool;
  readonly #levelling: boolean;
  readonly #hasTwins: boolean;
  tick = 0;
  /** Listeners whose gains changed since the last tick. */
  readonly #adjusting = new Set<Person>();
  /** People whose address or channels changed since the last tick. */
  readonly #moving = new Set<Person>();
  /** How channels sound, by their numbers, at both ends of the last tick that ran; others are plain. */
  sounds: { from: ReadonlyMap<number, ChannelSound>; to: ReadonlyMap<number, ChannelSound> } = {
    from: new Map(),
    to: new Map(),
  };
  #soundsAreNew = false;
  /** How much channels with priority turn others down, as gains at both ends of the last tick that ran. */
  readonly ducks = new Map<number, { from: number; to: number; db: number; quiet: number }>();

  constructor(
    codec: Codec,
    encode: (frame: Int16Array, person: Person) => Uint8Array,
    settings: Partial<MixSettings> = {},
  ) {
    this.pool = new CodecPool(codec, () => 0);
    this.#twinPool = new CodecPool(codec, () => 0);
    this.mixer = new Mixer(this.pool, { maxTalkers: 0, levelling: false, ...settings });
    this.#encode = encode;
    this.#hasTwins = !REAL.has(codec);
    this.#levelling = settings.levelling ?? false;
  }

  join(sound: Int16Array, joining: Joining = {}): Person {
    const {
      muted = false,
      deafened = false,
      written = [],
      arriving = false,
      channels = [0],
      takesStereo = false,
      kind = 'voice',
    } = joining;
    const participant = this.mixer.add({
      kind,
      channels: ChannelSet.of(channels),
      muted,
      deafened,
      arriving,
      takesStereo,
      voice: ++voices,
      sink: { write: (payload, timestamp, marker) => written.push({ tick: this.tick, payload, timestamp, marker }) },
    });
    const twin = new Source(this.#twinPool, muted, { levelling: this.#levelling });
    const person: Person = {
      participant,
      place: placeOf(participant),
      twin,
      written,
      sound,
      sequenceNumber: 0,
      talking: false,
      levelDbov: -25,
      muted,
      contributes: false,
      contributedBefore: false,
      gains: new Map(),
      address: { from: TO_ROOM, to: TO_ROOM },
      channels: { from: channels, to: channels },
    };
    this.people.push(person);
    return person;
  }

  mute(person: Person, muted: boolean): void {
    person.muted = muted;
    this.mixer.setMuted(person.participant, muted);
    person.twin.setMuted(muted);
  }

  /** From now on `listener` hears each of these people with this gain, and everybody else with the normal gain. */
  hear(listener: Person, gains: ReadonlyMap<Person, number>): void {
    this.mixer.setHearing(listener.participant, new Map([...gains].map(([{ place }, gain]) => [place.voice, gain])));
    if (!this.#adjusting.has(listener)) arrive(listener);
    this.#adjusting.add(listener);
    for (const [person, gain] of listener.gains) gain.to = gains.get(person) ?? 1;
    for (const [person, to] of gains) if (!listener.gains.has(person)) listener.gains.set(person, { from: 1, to });
  }

  /** From now on this voice goes there. */
  speakTo(person: Person, channels: readonly number[], people: readonly Person[] = []): void {
    this.#arriveOnce(person);
    person.address = { from: person.address.from, to: { channels, people } };
    const whispersTo = new Set(people.map(({ place }) => place.voice));
    this.mixer.setAddress(person.participant, { channels: ChannelSet.of(channels), whispersTo });
  }

  /** From now on this person hears these channels. */
  listenTo(person: Person, channels: readonly number[]): void {
    this.#arriveOnce(person);
    person.channels = { from: person.channels.from, to: channels };
    this.mixer.setChannels(person.participant, ChannelSet.of(channels));
  }

  /** From now on the channels sound like this; what is missing is plain. */
  setSounds(sounds: ReadonlyMap<number, Partial<ChannelSound>>): void {
    const to = new Map([...sounds].map(([channel, sound]) => [channel, { ...PLAIN_CHANNEL, ...sound }]));
    this.sounds = { from: this.#soundsAreNew ? this.sounds.from : this.sounds.to, to };
    this.#soundsAreNew = true;
    this.mixer.setChannelSounds(to);
  }

  #duck(): void {
    for (const [channel, { duckDb }] of this.sounds.to) {
      if (duckDb > 0 && !this.ducks.has(channel)) this.ducks.set(channel, { from: 1, to: 1, db: 0, quiet: HOLD_TICKS });
    }
    for (const [channel, duck] of this.ducks) {
      const depth = this.sounds.to.get(channel)?.duckDb ?? 0;
      const speaks = this.people.some(
        ({ contributes, twin, address }) => contributes && twin.sounding && address.to.channels.includes(channel),
      );
      duck.quiet = speaks ? 0 : duck.quiet + 1;
      const wanted = duck.quiet < HOLD_TICKS ? depth : 0;
      duck.db = Math.max(Math.min(wanted, duck.db + DOWN_DB), Math.min(duck.db, Math.max(wanted, duck.db - UP_DB)));
      duck.from = duck.to;
      duck.to = 10 ** (-duck.db / 20);
      if (depth === 0 && duck.from === 1 && duck.to === 1) this.ducks.delete(channel);
    }
  }

  #arriveOnce(person: Person): void {
    if (!this.#moving.has(person)) arriveAt(person);
    this.#moving.add(person);
  }

  /** Moves a person to another room, where the same packets continue. From then on, both rooms run tick by tick. */
  move(person: Person, to: Room): Person {
    this.mixer.dismiss(person.participant);
    this.people.splice(this.people.indexOf(person), 1);
    const { sound, written, sequenceNumber, talking, levelDbov } = person;
    return Object.assign(to.join(sound, { written, arriving: true }), { sequenceNumber, talking, levelDbov });
  }

  leave(person: Person): void {
    this.mixer.remove(person.participant);
    this.people.splice(this.people.indexOf(person), 1);
  }

  run(ticks = 1): void {
    for (let i = 0; i < ticks; i++) {
      const nowMs = this.tick * PTIME_MS;
      for (const person of this.people) {
        if (!person.talking) continue;
        const length = FRAME_SAMPLES * (person.place.isMusic ? 2 : 1);
        const n = this.tick % (person.sound.length / length);
        const payload = this.#encode(person.sound.subarray(n * length, (n + 1) * length), person);
        const timestamp = (this.tick * FRAME_SAMPLES) >>> 0;
        const { sequenceNumber, levelDbov } = person;
        const packet = { sequenceNumber, timestamp, payload, levelDbov, redundant: false };
        this.mixer.push(person.participant, packet, nowMs);
        if (this.#hasTwins) person.twin.push(packet, nowMs);
        person.sequenceNumber = (person.sequenceNumber + 1) & 0xffff;
      }
      for (const person of this.people) {
        if (!this.#adjusting.has(person)) arrive(person);
        if (!this.#moving.has(person)) arriveAt(person);
        person.contributedBefore = person.contributes;
        person.contributes = this.#hasTwins && person.twin.read(nowMs);
      }
      if (!this.#soundsAreNew) this.sounds = { from: this.sounds.to, to: this.sounds.to };
      this.#soundsAreNew = false;
      this.#duck();
      this.mixer.tick(this.tick, nowMs);
      this.#adjusting.clear();
      this.#moving.clear();
      this.tick++;
    }
  }
}

/** The gains have reached their targets. */
function arrive({ gains }: Person): void {
  for (const gain of gains.values()) gain.from = gain.to;
}

/** The address and the channels are those of the last change. */
function arriveAt(person: Person): void {
  person.address = { from: person.address.to, to: person.address.to };
  person.channels = { from: person.channels.to, to: person.channels.to };
}
