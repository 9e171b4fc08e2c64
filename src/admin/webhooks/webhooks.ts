/** Notifies other programs about events in the rooms, with signed HTTP requests. */
import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { type Clock, isoTime, type Millis, within } from '../../lib/clock.ts';
import { parseWebhookSecret } from '../../lib/webhook-signature.ts';
import type { ForwardInfo } from '../../rooms/forwarding.ts';
import { roomKey } from '../../rooms/names.ts';
import type { PlayerEnd, PlayerInfo } from '../../rooms/players.ts';
import type { ChannelFact, ParticipantFact, RoomFact, RoomObserver } from '../../rooms/ports.ts';
import type { RecordingInfo } from '../../rooms/recording/library.ts';
import { type DeliveryFigures, DeliveryQueue } from './delivery-queue.ts';
import { createPost, type Post } from './post.ts';

/** Which server of a cluster this is. */
export interface WebhookOrigin {
  readonly node: string;
  /** See `ClusterDirectory.epochOf`. */
  readonly epochOf: (room: string) => number | null | undefined;
}

export interface WebhooksOptions {
  readonly urls: readonly string[];
  /** As returned by `parseWebhookSecret`. */
  readonly secret: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Undefined for a server by itself. */
  readonly origin?: () => WebhookOrigin | undefined;
  readonly post?: Post;
  readonly random?: () => number;
}

/** How long events that wait for a URL are still sent when it is no longer set. */
const REPLACED_MS: Millis = 10_000;

interface EventDetails {
  /** What it is about. */
  readonly room?: RoomFact;
  readonly isMinor?: boolean;
  readonly id?: string;
}

export class Webhooks implements RoomObserver {
  #queues = new Map<string, DeliveryQueue>();
  /** Of URLs that are no longer set, until they have delivered what they had. */
  readonly #ending = new Set<Promise<void>>();
  readonly #make: (url: string, key: Buffer) => DeliveryQueue;
  #secret: string;
  readonly #clock: Clock;
  readonly #origin: () => WebhookOrigin | undefined;
  /** Of rooms: what a room that is no longer this server's had, all its events have. */
  readonly #epochs = new WeakMap<RoomFact, number>();
  /**
   * When rooms opened and participants joined, by name or id. Monotonic, because setting the wall clock would falsify
   * durations.
   */
  readonly #beganMs = new Map<string, Millis>();

  constructor(options: WebhooksOptions) {
    const { urls, secret, clock, log, post = createPost(clock), random = Math.random } = options;
    this.#origin = options.origin ?? (() => undefined);
    this.#make = (url, key) => new DeliveryQueue({ url, key, post, clock, log, random });
    this.#clock = clock;
    this.#secret = secret;
    this.configure({ urls, secret });
  }

  /** Events go to these from now on. What waits for other URLs, or has another signature, is still sent as it would have been. */
  configure({ urls, secret }: Pick<WebhooksOptions, 'urls' | 'secret'>): void {
    const key = parseWebhookSecret(secret) ?? Buffer.alloc(0);
    const before = this.#queues;
    const isSameSecret = secret === this.#secret;
    this.#secret = secret;
    const kept = (url: string) => (isSameSecret ? before.get(url) : undefined);
    this.#queues = new Map(urls.map((url) => [url, kept(url) ?? this.#make(url, key)]));
    for (const queue of before.values()) {
      if ([...this.#queues.values()].includes(queue)) continue;
      const ended = queue.close(REPLACED_MS).finally(() => this.#ending.delete(ended));
      this.#ending.add(ended);
    }
  }

  /** One per URL. */
  get figures(): readonly DeliveryFigures[] {
    return Array.from(this.#queues.values(), (queue) => queue.figures);
  }

  roomStarted(room: RoomFact): void {
    this.#began(room.name);
    this.#send('room.started', { room: roomOf(room) }, { room });
  }

  roomEnded(room: RoomFact, reason: string): void {
    this.#send('room.ended', { room: roomOf(room), reason, durationMs: this.#durationMs(room.name) }, { room });
  }

  participantJoined(room: RoomFact, participant: ParticipantFact): void {
    this.#began(participant.id);
    this.#send('participant.joined', { room: roomOf(room), participant: participantOf(participant) }, { room });
  }

  participantLeft(room: RoomFact, participant: ParticipantFact, reason: string): void {
    const durationMs = this.#durationMs(participant.id);
    const data = { room: roomOf(room), participant: participantOf(participant), reason, durationMs };
    this.#send('participant.left', data, { room });
  }

  channelChanged(room: RoomFact, { change, channel, participants }: ChannelFact): void {
    const data = { room: roomOf(room), channel, participants: participants.map(participantOf) };
    this.#send(`channel.${change}`, data, { room, isMinor: true });
  }

  recordingChanged(
    change: 'started' | 'ended' | 'deleted' | 'uploaded' | 'upload_failed',
    recording: RecordingInfo,
  ): void {
    this.#send(`recording.${change}`, { recording });
  }

  forwardFailed(forward: ForwardInfo): void {
    this.#send('forward.failed', { forward });
  }

  playerEnded(player: PlayerInfo, reason: PlayerEnd): void {
    this.#send('player.ended', { player, reason });
  }

  /** Another server of the cluster is gone; this one is to say so. Its incarnation is another one each time it starts. */
  nodeFailed({ node, incarnation }: { readonly node: string; readonly incarnation: string }): void {
    // Receivers ignore what they have had: also if an engine that has lost everything lets two servers say it.
    this.#send('node.failed', { failed: node }, { id: `evt_node_failed_${incarnation}` });
  }

  /** Takes at most `graceMs`. */
  async close(graceMs: Millis): Promise<void> {
    const closing = Array.from(this.#queues.values(), (queue) => queue.close(graceMs));
    await Promise.all([...closing, within(this.#clock, graceMs, Promise.all(this.#ending))]);
  }

  #began(what: string): void {
    if (this.#queues.size > 0) this.#beganMs.set(what, this.#clock.now());
  }

  /** The duration of something that ends now. */
  #durationMs(what: string): Millis {
    const nowMs = this.#clock.now();
    const beganMs = this.#beganMs.get(what) ?? nowMs;
    this.#beganMs.delete(what);
    return Math.round(nowMs - beganMs);
  }

  #send(type: string, data: Readonly<Record<string, unknown>>, event: EventDetails = {}): void {
    if (this.#queues.size === 0) return;
    const { room, isMinor = false, id = `evt_${randomUUID()}` } = event;
    const timestamp = isoTime(this.#clock.wallNow());
    const body = JSON.stringify({ id, type, timestamp, ...this.#originOf(room), data });
    const message = { id, body, atMs: this.#clock.now(), isMinor };
    for (const queue of this.#queues.values()) queue.add(message);
  }

  #originOf(room: RoomFact | undefined): object {
    const origin = this.#origin();
    if (origin === undefined) return {};
    const { node } = origin;
    if (room === undefined) return { node };
    const epoch = this.#epochs.get(room) ?? origin.epochOf(roomKey(room.name)) ?? null;
    if (epoch !== null) this.#epochs.set(room, epoch);
    return { node, epoch };
  }
}

function roomOf({ name, startedAtMs }: RoomFact): object {
  return { name, startedAt: isoTime(startedAtMs) };
}

function participantOf({ id, identity, name, joinedAtMs }: ParticipantFact): object {
  return { id, identity, name, joinedAt: isoTime(joinedAtMs) };
}
