/** One person of a room as a user of another Mumble server: their name, what they say, and whether they are muted. */
import type { Millis } from '../../lib/clock.ts';
import type { Participant } from '../../rooms/participant.ts';
import type { MumbleVoice } from '../mumble/wire/voice-packet.ts';
import type { ClientEnd, ServerClient, ServerClientEvents } from './server-client.ts';
import type { Upstream } from './upstream.ts';

export interface MouthEvents {
  /** They are in the channel, or no longer, or somebody there has muted them. */
  changed(): void;
  /** Somebody there has written to them alone. */
  text: ServerClientEvents['text'];
  /** Somebody there has moved them into another channel. */
  moved(channelId: number): void;
  /** Their client is gone. At most once, and not after `close`. */
  ended(end: ClientEnd): void;
}

/** Mumble's own server takes one change in a second, and forgets others. */
const STATE_EVERY_MS: Millis = 1100;
/** Time to come into the channel. */
const ENTER_MS: Millis = 10_000;

export class Mouth {
  readonly participant: Participant;
  readonly #upstream: Upstream;
  readonly #events: MouthEvents;
  readonly #client: ServerClient;
  #channelId: number;
  #hasAsked = false;
  #wasIn = false;
  #readyMs: Millis = Number.POSITIVE_INFINITY;
  /** As the server was last told. */
  #told = '';
  #toldMs: Millis = Number.NEGATIVE_INFINITY;

  /** Connects: one connection of the budget has been taken for it. */
  constructor(participant: Participant, channelId: number, name: string, upstream: Upstream, events: MouthEvents) {
    this.participant = participant;
    this.#channelId = channelId;
    this.#upstream = upstream;
    this.#events = events;
    this.#client = upstream.connect({
      name,
      identity: participant.admission.identity,
      isBot: false,
      events: {
        changed: () => this.#changed(),
        // What others say comes from the client that listens for the room, and whispers to one person go nowhere.
        voice: () => {},
        text: (text) => events.text(text),
        ended: (end) => {
          upstream.forget(this.#client);
          events.ended(end);
        },
      },
    });
  }

  get session(): number {
    return this.#client.session;
  }

  get name(): string {
    return this.#client.name;
  }

  /** They are in the channel, and heard there. */
  get isIn(): boolean {
    return this.#client.own?.channelId === this.#channelId;
  }

  /** Somebody there has muted them. */
  get isMutedThere(): boolean {
    return this.#client.own?.mute === true;
  }

  /** The server does not let them speak in the channel. */
  get isSuppressed(): boolean {
    return this.isIn && this.#client.own?.suppress === true;
  }

  say(voice: Readonly<MumbleVoice>): void {
    if (this.isIn) this.#client.say(voice);
  }

  write(html: string, to: Parameters<ServerClient['write']>[1]): void {
    this.#client.write(html, to);
  }

  /** Call about once a second, and when their state may have changed. */
  look(): void {
    this.#client.look();
    if (!this.#client.isReady) return;
    const nowMs = this.#upstream.options.clock.now();
    this.#readyMs = Math.min(this.#readyMs, nowMs);
    if (!this.isIn && !this.#wasIn && nowMs - this.#readyMs > ENTER_MS) {
      this.close();
      this.#events.ended({ why: 'closed', detail: 'it may not enter the channel' });
      return;
    }
    this.#tell(nowMs);
  }

  /** Idempotent. */
  close(): void {
    this.#client.close();
    this.#upstream.forget(this.#client);
  }

  #changed(): void {
    if (!this.#client.isReady) return;
    if (this.isIn) this.#wasIn = true;
    else if (!this.#hasAsked) this.#client.enter(this.#channelId);
    else if (this.#wasIn) {
      this.#wasIn = false;
      this.#events.moved(this.#client.own?.channelId ?? 0);
      return;
    }
    if (!this.#hasAsked) this.#tell(this.#upstream.options.clock.now());
    this.#hasAsked = true;
    this.#events.changed();
  }

  /** Whoever is deaf there is muted, too; so of people who hear nothing and speak it is not said that they are deaf. */
  #tell(nowMs: Millis): void {
    const { muted, deafened } = this.participant.memberState;
    const wanted = `${muted} ${muted && deafened}`;
    if (wanted === this.#told || nowMs - this.#toldMs < STATE_EVERY_MS) return;
    this.#told = wanted;
    this.#toldMs = nowMs;
    this.#client.setSelf(muted, muted && deafened);
  }
}
