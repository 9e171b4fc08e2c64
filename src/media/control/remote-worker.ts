/** A worker of another server, for the rooms of this one. Its connection is its life: without it, the worker is dead. */

import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock, Millis } from '../../lib/clock.ts';
import type { MediaAddress } from '../../rtc/net/datagram-port.ts';
import { MessageStream } from '../link/message-stream.ts';
import type { MediaCommand } from '../link/messages.ts';
import { type RemoteEvent, remoteEventSchema } from '../link/remote-messages.ts';
import { forEachRow, MEDIA_COUNTERS, MEDIA_GAUGES, MEDIA_HISTOGRAMS } from '../statistics.ts';
import type { LinkRoute, MediaHost, MediaHostEvents } from './host.ts';

const NOTHING_OBSERVED = { bounds: [], counts: [], count: 0, sum: 0 };
const REACH_LIMIT_MS: Millis = 3000;
/** What a worker at another server understands. The rest is about this process. */
const SENT: ReadonlySet<MediaCommand['type']> = new Set([
  ...(['open_room', 'set_mix', 'close_room', 'add_member', 'set_state', 'move_member', 'remove_member'] as const),
  ...(['restart_ice', 'set_direction', 'set_keys', 'send_dtls'] as const),
]);

export interface RemoteWorkerOptions {
  readonly stream: Duplex;
  /** The addresses of both ends of the connection. Links take the same way. */
  readonly here: string;
  readonly there: string;
  readonly events: MediaHostEvents;
  readonly clock: Clock;
}

/** Rejects with an explanatory Error if the other server does not lend a worker. */
export function connectRemoteWorker(options: RemoteWorkerOptions): Promise<MediaHost> {
  return new Promise((resolve, reject) => {
    const { clock } = options;
    const cancel = clock.setTimer(clock.now() + REACH_LIMIT_MS, () => {
      worker.close();
      reject(new Error('the other server lends no worker'));
    });
    const worker = new RemoteWorker(options, {
      ready: () => {
        cancel();
        resolve(worker);
      },
      failed: (reason) => {
        cancel();
        reject(new Error(reason));
      },
    });
  });
}

class RemoteWorker implements MediaHost {
  addresses: readonly MediaAddress[] = [];
  route: LinkRoute;
  readonly #options: RemoteWorkerOptions;
  readonly #messages: MessageStream;
  readonly #starting: { ready(): void; failed(reason: string): void };
  #isReady = false;

  constructor(options: RemoteWorkerOptions, starting: { ready(): void; failed(reason: string): void }) {
    const { stream, here, there, clock } = options;
    this.#options = options;
    this.#starting = starting;
    this.route = { here, there, port: 0 };
    this.#messages = new MessageStream({
      stream,
      clock,
      onMessage: (message) => this.#receive(message),
      onClosed: (reason) => this.#died(reason),
    });
  }

  tickAgeMs(): Millis {
    return 0;
  }

  post(command: MediaCommand): void {
    if (!SENT.has(command.type)) return;
    this.#messages.send('endpoint' in command ? command : withoutPlan(command));
  }

  /** Only the worker itself has TCP connections. */
  acceptTcp(): void {}

  async close(): Promise<void> {
    this.#messages.close();
  }

  #receive(message: unknown): void {
    const { success, data } = remoteEventSchema.safeParse(message);
    if (!success) {
      this.#messages.close();
      this.#died('the other server says something unknown');
      return;
    }
    this.#handle(data);
  }

  #handle(event: RemoteEvent): void {
    const { events } = this.#options;
    switch (event.type) {
      case 'reach':
        this.addresses = event.candidates.map((each) => ({ ...each, family: isIP(each.address) === 6 ? 6 : 4 }));
        this.route = { ...this.route, port: event.mediaPort };
        if (this.#isReady) events.event({ type: 'addresses', addresses: this.addresses, unbound: [] });
        else this.#starting.ready();
        this.#isReady = true;
        return;
      case 'load': {
        const { utilization, overloadLevel } = event;
        const gauges = { ...forEachRow(MEDIA_GAUGES, () => 0), utilization, overloadLevel };
        const counters = forEachRow(MEDIA_COUNTERS, () => 0);
        const histograms = forEachRow(MEDIA_HISTOGRAMS, () => NOTHING_OBSERVED);
        events.event({ type: 'stats', stats: { gauges, counters, histograms } });
        return;
      }
      default:
        events.event(event);
    }
  }

  #died(reason: string): void {
    if (this.#isReady) this.#options.events.died(reason);
    else this.#starting.failed(reason);
  }
}

/** A room that is at several servers is plain: everybody speaks to the room and hears it. */
function withoutPlan(command: MediaCommand): MediaCommand {
  if (command.type !== 'set_state' && command.type !== 'move_member') return command;
  const { plan: _, ...state } = command.state;
  return { ...command, state };
}
