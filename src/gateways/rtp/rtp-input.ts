/** Sound that comes by RTP, as a participant: it can be seen, muted, moved and removed like everybody else. */
import { type Cancel, type Clock, isoTime, type Millis } from '../../lib/clock.ts';
import type { RelayedSeat } from '../../media/plane.ts';
import { GUEST } from '../../rooms/admission.ts';
import type { EndReason, ParticipantListener, RoomEvent } from '../../rooms/events.ts';
import type { Participant } from '../../rooms/participant.ts';
import type { RoomRegistry } from '../../rooms/registry.ts';
import type { NewRtpInput, RtpInputInfo } from '../../rooms/rtp.ts';
import { RtpReceiver } from './rtp-receiver.ts';
import { parseSdesKey } from './sdes-key.ts';

export interface RtpInputOptions {
  readonly id: string;
  readonly registry: RoomRegistry;
  readonly room: string;
  readonly wanted: NewRtpInput;
  readonly showAddresses: boolean;
  readonly clock: Clock;
  /** Called once, with the reason. */
  readonly onEnded: (reason: EndReason | 'ended') => void;
}

/** It hears nothing. */
const SENDS = { muted: false, deafened: true };
/** A worker that has died is replaced in this time. */
const RETRY_MS: Millis = 1000;
/** Rooms that are opened count for an address, but this one is open. */
const NO_ADDRESS = '';

export class RtpInput implements ParticipantListener {
  readonly takesBatches = true;
  /** Of the sender, if it was named and the operator sees addresses. */
  readonly address: string | null;
  readonly #options: RtpInputOptions;
  readonly #receiver: RtpReceiver;
  readonly #sinceMs: Millis;
  readonly #participant: Participant;
  #seat: RelayedSeat | undefined;
  #startsStream = true;
  #isOver = false;
  #cancelRetry: Cancel = () => {};

  /** Joins. Throws what `RoomRegistry.join` throws, `media_unavailable` or `server_busy`. */
  constructor(options: RtpInputOptions) {
    const { registry, room, wanted, showAddresses, clock } = options;
    this.#options = options;
    this.#sinceMs = clock.wallNow();
    const { from: source = null, key, name } = wanted;
    this.address = showAddresses ? source : null;
    this.#receiver = new RtpReceiver({
      source,
      key: key === undefined ? null : parseSdesKey(key),
      nowMs: clock.now(),
    });
    this.#participant = registry.join({
      room,
      name,
      admission: GUEST,
      state: SENDS,
      via: 'rtp',
      from: NO_ADDRESS,
      listener: this,
    }).participant;
    try {
      this.#sit();
    } catch (error) {
      this.#isOver = true;
      this.#participant.leave('left');
      throw error;
    }
  }

  /** The room in which it is now. */
  get roomName(): string {
    return this.#participant.roomName;
  }

  /** @param at where its packets arrive */
  infoOf(at: { readonly address: string; readonly port: number }): RtpInputInfo {
    const { id, wanted, showAddresses, clock } = this.#options;
    const { name, source, key } = wanted;
    const { source: from, ssrc, packets, dropped } = this.#receiver;
    return {
      id,
      room: this.roomName,
      name,
      source,
      participant: this.#participant.id,
      ...at,
      from: showAddresses ? from : null,
      encrypted: key !== undefined,
      ssrc,
      heard: this.#receiver.isHeard(clock.now()),
      since: isoTime(this.#sinceMs),
      packets,
      dropped: { ...dropped },
    };
  }

  /** @param datagram may be changed */
  receive(datagram: Uint8Array, from: string): void {
    if (this.#isOver) return;
    const receiver = this.#receiver;
    const kind = receiver.receive(datagram, from, this.#options.clock.now());
    if (kind === 'dropped') return;
    const startsStream = this.#startsStream || kind === 'first';
    this.#startsStream = this.#seat === undefined && startsStream;
    this.#seat?.send(receiver.packet, startsStream);
  }

  end(): void {
    if (this.#isOver) return;
    this.#finish('ended');
    this.#participant.leave('left');
  }

  /** From the room. */
  event(...events: readonly RoomEvent[]): void {
    for (const event of events) {
      // The room is in the middle of telling everyone.
      if (event.type === 'media_closed') queueMicrotask(() => this.#sitAgain());
      else if (event.type === 'participant_updated' || event.type === 'participants_updated')
        queueMicrotask(() => this.#lookAtMute());
    }
  }

  ended(reason: EndReason): void {
    this.#finish(reason);
  }

  #sit(): void {
    this.#seat = this.#participant.sit((media, options) =>
      media.connectRelayed({
        ...options,
        speaks: true,
        listens: false,
        kind: this.#options.wanted.source,
        sink: { mix: () => {} },
      }),
    );
    this.#startsStream = true;
  }

  #sitAgain(): void {
    if (this.#isOver) return;
    this.#seat = undefined;
    try {
      this.#sit();
    } catch {
      const { clock } = this.#options;
      this.#cancelRetry = clock.setTimer(clock.now() + RETRY_MS, () => this.#sitAgain());
    }
  }

  /** Nobody sits there to unmute it, so it speaks again as soon as the moderators allow it. */
  #lookAtMute(): void {
    const { view, mutedByModerator } = this.#participant;
    if (!this.#isOver && view.muted && !mutedByModerator) this.#participant.setState({ muted: false });
  }

  #finish(reason: EndReason | 'ended'): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancelRetry();
    this.#options.onEnded(reason);
  }
}
