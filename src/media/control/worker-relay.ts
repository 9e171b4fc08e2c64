import type { Cancel, Clock } from '../../lib/clock.ts';
import type { MediaCommand } from '../link/messages.ts';
import {
  forEachMixPacket,
  type MixPacketVisitor,
  type SentFlags,
  type SentPacket,
  SentPacketWriter,
} from '../link/relayed-packets.ts';
import type { RelayedSink } from '../relayed.ts';

/** The packets of all relayed seats of one worker. */
export class WorkerRelay {
  readonly #clock: Clock;
  readonly #post: (command: MediaCommand) => void;
  readonly #sinks = new Map<number, RelayedSink>();
  readonly #writer = new SentPacketWriter();
  #cancel: Cancel | undefined;
  readonly #visitor: MixPacketVisitor = {
    mix: (memberId, payload, timestamp, marker) => this.#sinks.get(memberId)?.mix(payload, timestamp, marker),
    played: (memberId, samples) => this.#sinks.get(memberId)?.played?.(samples),
  };

  constructor(clock: Clock, post: (command: MediaCommand) => void) {
    this.#clock = clock;
    this.#post = post;
  }

  add(memberId: number, sink: RelayedSink): void {
    this.#sinks.set(memberId, sink);
  }

  remove(memberId: number): void {
    this.#sinks.delete(memberId);
  }

  /** Packets that come together are posted together, because each message costs as much as several packets. */
  send(memberId: number, packet: SentPacket, flags: SentFlags): boolean {
    const isSent = this.#writer.add(memberId, packet, flags);
    this.#cancel ??= this.#clock.setTimer(this.#clock.now(), () => this.flush());
    return isSent;
  }

  /** Posts what was sent, before a command that must not overtake it. */
  flush(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    const packets = this.#writer.take();
    if (packets !== null) this.#post({ type: 'relayed_packets', packets });
  }

  /** From the worker. */
  receive(packets: Uint8Array): void {
    forEachMixPacket(packets, this.#visitor);
    this.#post({ type: 'relayed_taken' });
  }

  /** The worker is gone. */
  reset(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#writer.take();
  }
}
