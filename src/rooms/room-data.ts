import type { Clock } from '../lib/clock.ts';
import { AppError } from '../lib/errors.ts';
import type { LimitCounts } from '../lib/rates/limit-counts.ts';
import { TokenBucket } from '../lib/rates/token-bucket.ts';
import { MAX_DATA_BYTES } from '../protocol/bounds.ts';
import type { EventOf } from './events.ts';
import { FanOutBudget, type FanOutRates } from './fan-out-budget.ts';
import { publicKeyOf } from './hearing.ts';
import type { Participant } from './participant.ts';
import type { TextCounts } from './text-counts.ts';

/** A message between programs. It has either a payload or bytes. */
export interface DataMessage {
  readonly topic: string;
  /** Any JSON. */
  readonly payload?: unknown;
  /** In base64. */
  readonly bytes?: string | undefined;
  /** To whom; everyone else if omitted. */
  readonly to?: readonly string[] | undefined;
  /** False: it is left out rather than late, for those whose connection is behind. */
  readonly reliable: boolean;
}

export interface DataAction extends DataMessage {
  readonly type: 'data';
}

export interface RoomDataOptions {
  /** Everyone in the room by id. */
  readonly participants: ReadonlyMap<string, Participant>;
  readonly limitCounts: LimitCounts;
  readonly textCounts: TextCounts;
  readonly clock: Clock;
}

/** Of one participant. */
export const DATA_RATE = { perSecond: 10, burst: 20 } as const;
/** To each twice what news of participants may take, because games send their own positions and the like. */
export const DATA_RATES: FanOutRates = { each: 32_768, inAll: 4_194_304 };

/** Messages between the programs of a room's participants, and from the game server. They are not kept. */
export class RoomData {
  readonly #options: RoomDataOptions;
  readonly #budget = new FanOutBudget(DATA_RATES);
  readonly #senders = new WeakMap<Participant, TokenBucket>();

  constructor(options: RoomDataOptions) {
    this.#options = options;
  }

  /**
   * Sends a message to participants by their id. Throws `not_allowed`, `malformed_message`, `data_too_large`,
   * `too_many_data` or `unknown_participant`; then nobody receives it.
   */
  send(sender: Participant, message: DataMessage): void {
    if (sender.admission.maySendData === false) throw new AppError('not_allowed');
    this.#take(sender);
    const receivers = message.to?.map((id) => this.#options.participants.get(id));
    this.#tell({ from: sender.id, message, receivers, except: sender });
  }

  /**
   * Sends a message from outside to participants by their identity, and to guests by their id; those who are not here
   * are left out. Returns to how many it went. Throws `malformed_message`, `data_too_large` or `too_many_data`.
   */
  sendFromServer(message: DataMessage): number {
    const { participants } = this.#options;
    const wanted = message.to === undefined ? undefined : new Set(message.to);
    const receivers = wanted && [...participants.values()].filter((each) => wanted.has(publicKeyOf(each)));
    return this.#tell({ from: null, message, receivers });
  }

  #take(sender: Participant): void {
    const { clock, limitCounts } = this.#options;
    const nowMs = clock.now();
    const bucket = this.#senders.get(sender) ?? new TokenBucket({ ...DATA_RATE, now: nowMs });
    this.#senders.set(sender, bucket);
    if (bucket.take(nowMs)) return;
    limitCounts.hit('data_per_second');
    throw new AppError('too_many_data', undefined, { retryAfterMs: Math.ceil(bucket.waitMs(nowMs)) });
  }

  #tell({
    from,
    message,
    receivers,
    except,
  }: {
    readonly from: string | null;
    readonly message: DataMessage;
    /** Everyone if omitted. */
    readonly receivers?: readonly (Participant | undefined)[] | undefined;
    readonly except?: Participant;
  }): number {
    const { participants, limitCounts, textCounts, clock } = this.#options;
    const { topic, payload, bytes, reliable } = message;
    const size = sizeOf(message);
    if (receivers?.includes(undefined)) throw new AppError('unknown_participant');
    const waitMs = this.#budget.waitMs(clock.now());
    if (waitMs > 0) {
      limitCounts.hit('data_bytes');
      if (!reliable) return 0;
      const detail = 'Everyone in the room together sent too much.';
      throw new AppError('too_many_data', detail, { retryAfterMs: Math.ceil(waitMs) });
    }
    const event: EventOf<'data'> = {
      type: 'data',
      from,
      topic,
      ...(bytes === undefined ? { payload } : { bytes }),
    };
    let count = 0;
    for (const receiver of new Set(receivers ?? participants.values())) {
      const client = receiver?.client;
      if (receiver === except || client?.takesData !== true || (!reliable && client.isBehind === true)) continue;
      client.event(event);
      count++;
    }
    this.#budget.spend(clock.now(), size + topic.length, count);
    textCounts.data++;
    return count;
  }
}

/** In bytes, as it is sent. Throws `malformed_message` or `data_too_large`. */
function sizeOf({ payload, bytes }: DataMessage): number {
  if ((payload === undefined) === (bytes === undefined))
    throw new AppError('malformed_message', 'It must have either "payload" or "bytes".');
  if (bytes !== undefined) {
    if ((bytes.length / 4) * 3 > MAX_DATA_BYTES + 2) throw new AppError('data_too_large');
    return bytes.length;
  }
  const size = jsonBytes(payload);
  if (size > MAX_DATA_BYTES) throw new AppError('data_too_large');
  return size;
}

/** Infinite for what is nested too deeply to be written. */
function jsonBytes(payload: unknown): number {
  try {
    return Buffer.byteLength(JSON.stringify(payload));
  } catch (thrown) {
    if (thrown instanceof RangeError) return Number.POSITIVE_INFINITY;
    throw thrown;
  }
}
