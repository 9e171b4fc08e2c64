/**
 * Tells the operator's programs who has joined and left channels. Each room does so at most once a second: what somebody
 * takes back meanwhile is not told, and what many do at the same time is told together.
 */
import type { Cancel, Clock, Millis } from '../lib/clock.ts';
import type { RoomChannels } from './channels.ts';
import { publicKeyOf } from './hearing.ts';
import type { Participant } from './participant.ts';
import type { ChannelFact, ParticipantFact } from './ports.ts';

const INTERVAL_MS: Millis = 1000;
/** Maximum number of people in one event. */
export const MAX_TOLD = 100;

export interface ChannelNewsOptions {
  readonly participants: ReadonlyMap<string, Participant>;
  readonly channels: RoomChannels;
  readonly clock: Clock;
  readonly tell: (fact: ChannelFact) => void;
}

type Changes = Map<string, ParticipantFact[]>;

const NONE: ReadonlySet<string> = new Set();

export class ChannelNews {
  readonly #options: ChannelNewsOptions;
  /** By participant id, the channels of which they are a member, as last told. */
  readonly #told = new Map<string, ReadonlySet<string>>();
  /** Participants who may have joined or left a channel since. */
  readonly #changed = new Set<string>();
  #hasAllChanged = false;
  #toldMs: Millis = Number.NEGATIVE_INFINITY;
  #cancel: Cancel | undefined;

  constructor(options: ChannelNewsOptions) {
    this.#options = options;
  }

  /** This participant may have joined or left channels. */
  changed({ id }: { readonly id: string }): void {
    this.#changed.add(id);
    this.#tellSoon();
  }

  /** Everybody may. */
  allChanged(): void {
    this.#hasAllChanged = true;
    this.#tellSoon();
  }

  /** They have left the room, and its channels with it. */
  left({ id }: { readonly id: string }): void {
    this.#told.delete(id);
    this.#changed.delete(id);
  }

  close(): void {
    this.#cancel?.();
  }

  #tellSoon(): void {
    const { clock } = this.#options;
    this.#cancel ??= clock.setTimer(Math.max(clock.now(), this.#toldMs + INTERVAL_MS), () => this.#tell());
  }

  #tell(): void {
    const { participants, clock } = this.#options;
    this.#cancel = undefined;
    const changed = this.#hasAllChanged ? [...participants.keys()] : [...this.#changed];
    this.#hasAllChanged = false;
    this.#changed.clear();
    const [joined, left]: [Changes, Changes] = [new Map(), new Map()];
    for (const id of changed) {
      const participant = participants.get(id);
      if (participant !== undefined) this.#compare(participant, joined, left);
    }
    if (joined.size + left.size > 0) this.#toldMs = clock.now();
    this.#tellEach('left', left);
    this.#tellEach('joined', joined);
  }

  #compare(participant: Participant, joined: Changes, left: Changes): void {
    const { id } = participant;
    const key = publicKeyOf(participant);
    const before = this.#told.get(id) ?? NONE;
    const now = new Set<string>();
    for (const { name, speak, hear } of this.#options.channels.all) if (speak.has(key) || hear.has(key)) now.add(name);
    for (const name of now) if (!before.has(name)) listIn(joined, name).push(participant.fact);
    for (const name of before) if (!now.has(name)) listIn(left, name).push(participant.fact);
    if (now.size > 0) this.#told.set(id, now);
    else this.#told.delete(id);
  }

  #tellEach(change: ChannelFact['change'], changes: Changes): void {
    for (const [channel, participants] of changes) {
      for (let i = 0; i < participants.length; i += MAX_TOLD)
        this.#options.tell({ change, channel, participants: participants.slice(i, i + MAX_TOLD) });
    }
  }
}

function listIn(changes: Changes, channel: string): ParticipantFact[] {
  const list = changes.get(channel) ?? [];
  changes.set(channel, list);
  return list;
}
