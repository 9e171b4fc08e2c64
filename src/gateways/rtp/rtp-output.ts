/** Sends the mix of a room by RTP, to whoever listens there. */
import { type Cancel, type Clock, isoTime, type Millis } from '../../lib/clock.ts';
import { OPERATOR_LISTENER } from '../../rooms/admission.ts';
import type { ListenerEnd, RoomListener } from '../../rooms/listeners.ts';
import type { Room } from '../../rooms/room.ts';
import type { NewRtpOutput, RtpOutputInfo } from '../../rooms/rtp.ts';
import { outputSdp } from './output-sdp.ts';
import { RtpSender } from './rtp-sender.ts';
import { parseSdesKey } from './sdes-key.ts';
import { SteadyMix } from './steady-mix.ts';
import type { UdpOut } from './udp.ts';

export interface RtpOutputOptions {
  readonly id: string;
  readonly room: Room;
  readonly wanted: NewRtpOutput;
  readonly port: number;
  readonly ssrc: number;
  readonly socket: UdpOut;
  readonly clock: Clock;
  /** Called once. */
  readonly onEnded: (reason: ListenerEnd) => void;
}

/** A worker that has died is replaced in this time. */
const RETRY_MS: Millis = 1000;
/** After these, it does not go on. */
const FINAL: ReadonlySet<ListenerEnd> = new Set(['left', 'ended', 'room_closed', 'server_closing']);

export class RtpOutput {
  readonly #options: RtpOutputOptions;
  readonly #sender: RtpSender;
  readonly #steady: SteadyMix;
  readonly #sinceMs: Millis;
  /** Undefined while it waits for the next attempt. */
  #listener: RoomListener | undefined;
  #failures = 0;
  #isOver = false;
  #cancelRetry: Cancel = () => {};

  /** Listens. Throws `media_unavailable` or `server_busy`. */
  constructor(options: RtpOutputOptions) {
    const { wanted, ssrc, socket, clock } = options;
    this.#options = options;
    this.#sinceMs = clock.wallNow();
    const { payloadType, key } = wanted;
    this.#sender = new RtpSender({ payloadType, ssrc, key: key === undefined ? null : parseSdesKey(key) });
    this.#listen();
    this.#steady = new SteadyMix({
      clock,
      write: (payload, position) => socket.send(this.#sender.packet(payload, position)),
    });
  }

  get info(): RtpOutputInfo {
    const { id, room, wanted, ssrc } = this.#options;
    const { target, payloadType, key } = wanted;
    return {
      id,
      room: room.name,
      target,
      payloadType,
      encrypted: key !== undefined,
      ssrc,
      state: this.#listener === undefined ? 'failed' : 'connected',
      since: isoTime(this.#sinceMs),
      packetsSent: this.#sender.packets,
      failures: this.#failures,
    };
  }

  get sdp(): string {
    const { room, wanted, socket, port, ssrc } = this.#options;
    const { payloadType, key } = wanted;
    return outputSdp({ room: room.name, address: socket.address, port, payloadType, ssrc, key });
  }

  /** A packet did not get through. */
  failed(): void {
    this.#failures++;
  }

  end(reason: ListenerEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancelRetry();
    this.#steady.close();
    this.#listener?.end(reason);
    this.#options.onEnded(reason);
  }

  /** The people in the room are told how many listen; whoever listens there is one of them. */
  #listen(): void {
    const { room } = this.#options;
    const ended = (reason: ListenerEnd) => this.#ended(reason);
    const listener = room.listeners.add(OPERATOR_LISTENER, { via: 'rtp', address: null, ended });
    try {
      listener.sit((media, options) =>
        media.connectRelayed({
          ...options,
          speaks: false,
          listens: true,
          takesStereo: true,
          sink: { mix: (payload, timestamp) => this.#steady.add(payload, timestamp) },
        }),
      );
      this.#listener = listener;
    } catch (error) {
      listener.end('media_failed');
      throw error;
    }
  }

  #ended(reason: ListenerEnd): void {
    // It has not begun, or is being ended.
    if (this.#listener === undefined || this.#isOver) return;
    this.#listener = undefined;
    if (FINAL.has(reason)) this.end(reason);
    else this.#retry();
  }

  #retry(): void {
    const { clock, room } = this.#options;
    this.#cancelRetry = clock.setTimer(clock.now() + RETRY_MS, () => {
      if (room.players.isClosed) {
        this.end('room_closed');
        return;
      }
      try {
        this.#listen();
      } catch {
        this.#retry();
      }
    });
  }
}
