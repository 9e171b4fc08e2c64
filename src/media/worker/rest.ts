/**
 * When a worker may leave out ticks. With nobody there, nothing needs them. While everybody is silent, only the packets
 * are due that keep browsers from taking silence for loss, and the members' timers, which have time until then.
 */
import { PTIME_MS } from '../../mixer/format.ts';
import { SILENCE_REFRESH_TICKS } from '../../mixer/mix/delivery.ts';
import type { MediaCommand } from '../link/messages.ts';
import type { RelayedTraffic } from './relayed-traffic.ts';
import type { MixedRoom } from './room.ts';

/** 4 s. */
export const EMPTY_REST_TICKS = 4000 / PTIME_MS;
/** What still fades, or comes back after a pause, has done so by then; and speech has pauses. */
export const QUIET_BEFORE_REST_TICKS = 2000 / PTIME_MS;

export class Rest {
  #quietTicks = 0;
  #ticks = 0;

  /** The next tick is the next multiple of this number; 0 is no rest. */
  get ticks(): number {
    return this.#ticks;
  }

  /**
   * Call it in each tick.
   * @param isEmpty nobody is there
   */
  observe(
    isEmpty: boolean,
    rooms: ReadonlyMap<number, Pick<MixedRoom, 'isQuiet'>>,
    relayed: Pick<RelayedTraffic, 'isPlaying'>,
  ): void {
    this.#quietTicks = areQuiet(rooms) && !relayed.isPlaying ? this.#quietTicks + 1 : 0;
    if (isEmpty) this.#ticks = EMPTY_REST_TICKS;
    else this.#ticks = this.#quietTicks > QUIET_BEFORE_REST_TICKS ? SILENCE_REFRESH_TICKS : 0;
  }

  /** Something has come that needs ticks. */
  end(): void {
    this.#quietTicks = 0;
    this.#ticks = 0;
  }
}

/** Such a command needs ticks only if the packets in it do. */
export function isRelayed({ type }: MediaCommand): boolean {
  return type === 'relayed_packets' || type === 'relayed_taken';
}

function areQuiet(rooms: ReadonlyMap<number, Pick<MixedRoom, 'isQuiet'>>): boolean {
  for (const room of rooms.values()) if (!room.isQuiet) return false;
  return true;
}
