/** How linked rooms hear each other's shouts: each part of a room writes them into memory that the others read. */
import type { Kernels } from '../../mixer/kernels/kernels.ts';
import { ChannelSet } from '../../mixer/mix/channel-set.ts';
import type { Contributor } from '../../mixer/mix/contributor.ts';
import type { ShoutLink } from '../../mixer/mix/shout-link.ts';
import { type Address, NOBODY } from '../../mixer/mix/voice-path.ts';
import { ShoutRing } from '../link/shout-ring.ts';
import { RemoteVoices } from './remote-voices.ts';

/** One part of a linked room. */
interface LinkedPart {
  readonly key: string;
  readonly voices: RemoteVoices;
}

/** The shouts of one part of a room, and those that it hears. */
export class SharedShouts implements ShoutLink {
  readonly channel: number;
  readonly #own: ShoutRing;
  readonly #kernels: Kernels;
  readonly #heardIn: Address;
  #parts: readonly LinkedPart[] = [];
  /** Parts that are no longer linked, until their sound has ended. */
  readonly #ending: LinkedPart[] = [];
  readonly #heard: Contributor[] = [];

  /**
   * @param own memory from `createShoutRing`
   * @param channel of this room in which people shout
   */
  constructor(own: SharedArrayBuffer, channel: number, kernels: Kernels) {
    this.channel = channel;
    this.#own = new ShoutRing(own);
    this.#kernels = kernels;
    this.#heardIn = { channels: ChannelSet.of([channel]), whispersTo: NOBODY };
  }

  /** Whether this is the memory of this part, which every message repeats. */
  writesTo(own: SharedArrayBuffer): boolean {
    return new ShoutRing(own).key === this.#own.key;
  }

  /** Nothing is heard of any other room. */
  get isOver(): boolean {
    return this.#parts.length === 0 && this.#ending.length === 0;
  }

  /** Parts that remain are heard without interruption. */
  setOthers(others: readonly SharedArrayBuffer[]): void {
    const before = this.#parts;
    this.#parts = others.map((memory) => {
      const ring = new ShoutRing(memory);
      const known = before.find(({ key }) => key === ring.key);
      return known ?? { key: ring.key, voices: new RemoteVoices(ring.voices, this.#kernels, this.#heardIn) };
    });
    this.#ending.push(...before.filter((part) => !this.#parts.includes(part)));
  }

  publish(tick: number, shouts: readonly Contributor[]): void {
    this.#own.write(tick, shouts, this.channel);
  }

  heard(tick: number): readonly Contributor[] {
    const heard = this.#heard;
    heard.length = 0;
    for (const { voices } of this.#parts) for (const voice of voices.read(tick)) heard.push(voice);
    for (let i = this.#ending.length - 1; i >= 0; i--) {
      const { voices } = this.#ending[i]!;
      for (const voice of voices.end()) heard.push(voice);
      if (voices.count > 0) continue;
      voices.close();
      this.#ending.splice(i, 1);
    }
    return heard;
  }

  close(): void {
    for (const { voices } of [...this.#parts, ...this.#ending]) voices.close();
    this.#parts = [];
    this.#ending.length = 0;
  }
}
