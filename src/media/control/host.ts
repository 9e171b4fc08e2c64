/** A media engine and the connection to it, with the same interface in this thread or in a worker thread. */
import type { Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import type { Cancel, Clock, Millis } from '../../lib/clock.ts';
import type { MediaAddress } from '../../rtc/net/datagram-port.ts';
import { closeGate, createGateMemory } from '../link/codec-gate.ts';
import { createHeartbeatMemory, HeartbeatWatch } from '../link/heartbeat.ts';
import type { MediaCommand, MediaEvent } from '../link/messages.ts';
import { createRelayMemory, TcpRelay } from '../link/tcp-relay.ts';
import type { MediaPlace, WorkerInput, WorkerMessage, WorkerSetup } from '../link/thread-messages.ts';

/** A thread that has not ended by then must be terminated. */
const CLOSE_TIMEOUT_MS = 1000;
const START_TIMEOUT_MS = 10_000;
/** A thread stuck outside JavaScript cannot be terminated. */
const TERMINATE_TIMEOUT_MS = 500;

export interface MediaHostEvents {
  event(event: MediaEvent): void;
  /** The engine ended without having been closed. */
  died(reason: string): void;
}

/** Between the media port of a worker here and that of a worker at another server. */
export interface LinkRoute {
  /** The address of this server, and that of the other, as they reach each other. */
  readonly here: string;
  readonly there: string;
  /** The media port of the other. */
  readonly port: number;
}

export interface MediaHost {
  /** Set if the engine is at another server. */
  readonly route?: LinkRoute;
  /** Where the engine receives media. */
  readonly addresses: readonly MediaAddress[];
  /** The engine's TCP connections whose sockets are in this thread. */
  readonly relay?: Pick<TcpRelay, 'counters' | 'connectionCount'>;
  /** Time since the engine's last tick, independent of its messages. */
  tickAgeMs(): Millis;
  post(command: MediaCommand): void;
  /** A TCP connection of this engine that arrived at the shared port; see `TcpPort.accept`. */
  acceptTcp(socket: Socket): void;
  close(): Promise<void>;
}

export interface MediaHostOptions extends MediaPlace {
  readonly events: MediaHostEvents;
}

/** Rejects with an explanatory Error if the port cannot be bound or the thread does not start. */
export async function startInWorker(
  options: MediaHostOptions,
  { entry, name, clock }: { readonly entry: URL | string; readonly name: string; readonly clock: Clock },
): Promise<MediaHost> {
  const { hosts, port, tcp, sharedTcp, events } = options;
  const heartbeat = createHeartbeatMemory();
  const gate = createGateMemory();
  const relay = createRelayMemory();
  const setup: WorkerSetup = { hosts, port, tcp, sharedTcp, heartbeat, gate, relay };
  const worker = new Worker(entry, { name, workerData: setup, eval: typeof entry === 'string' });
  // Waits for the exit, which follows an error, because until then the thread holds its port.
  const exited = new Promise<string>((resolve) => {
    let reason: string | undefined;
    worker.once('error', (error) => {
      reason = error.stack ?? error.message;
    });
    worker.once('exit', (code) => resolve(reason ?? `exited with code ${code}`));
  });
  let cancelTimeout: Cancel = () => {};
  const first = await Promise.race([
    exited.then((message): WorkerMessage => ({ type: 'not_listening', message })),
    new Promise<WorkerMessage>((resolve) => worker.once('message', resolve)),
    new Promise<WorkerMessage>((resolve) => {
      const message = 'the media worker did not start in time';
      cancelTimeout = clock.setTimer(clock.now() + START_TIMEOUT_MS, () => resolve({ type: 'not_listening', message }));
    }),
  ]);
  cancelTimeout();
  if (first.type !== 'listening') {
    void worker.terminate();
    throw new Error(first.type === 'not_listening' ? first.message : 'the media worker did not start');
  }
  return new WorkerHost({ worker, addresses: first.addresses, exited, heartbeat, gate, relay, events, clock });
}

interface WorkerHostOptions {
  readonly worker: Worker;
  readonly addresses: readonly MediaAddress[];
  readonly exited: Promise<string>;
  readonly heartbeat: SharedArrayBuffer;
  readonly gate: SharedArrayBuffer;
  readonly relay: SharedArrayBuffer;
  readonly events: MediaHostEvents;
  readonly clock: Clock;
}

class WorkerHost implements MediaHost {
  readonly addresses: readonly MediaAddress[];
  readonly relay: TcpRelay;
  readonly #worker: Worker;
  readonly #clock: Clock;
  readonly #exited: Promise<string>;
  readonly #gate: SharedArrayBuffer;
  readonly #events: MediaHostEvents;
  readonly #watch: HeartbeatWatch;
  #cancelTimeout: Cancel = () => {};
  /** Closing or dead: ignores further messages from the thread. */
  #over = false;
  #hangs = false;

  constructor({ worker, addresses, exited, heartbeat, gate, relay: memory, events, clock }: WorkerHostOptions) {
    this.#clock = clock;
    this.addresses = addresses;
    this.#worker = worker;
    this.#exited = exited;
    this.#gate = gate;
    this.#events = events;
    this.#watch = new HeartbeatWatch({ memory: heartbeat, clock, onSilence: () => this.#end() });
    this.relay = new TcpRelay({
      clock,
      memory,
      post: (message) => worker.postMessage({ type: 'relay', message } satisfies WorkerInput),
    });
    worker.on('message', (message: WorkerMessage) => {
      if (this.#over) return;
      if (message.type === 'event') events.event(message.event);
      else if (message.type === 'relay') this.relay.handle(message.reply);
    });
    void exited.then((reason) => this.#died(this.#hangs ? 'hung and was terminated' : reason));
  }

  tickAgeMs(): Millis {
    return this.#watch.ageMs;
  }

  post(command: MediaCommand): void {
    this.#watch.attend();
    this.#worker.postMessage(command);
  }

  acceptTcp(socket: Socket): void {
    this.relay.accept(socket);
  }

  async close(): Promise<void> {
    this.#over = true;
    this.#watch.close();
    this.#cancelTimeout();
    void this.relay.close();
    this.#worker.postMessage({ type: 'close' } satisfies MediaCommand);
    const givenUp = new Promise<void>((resolve) => {
      this.#setTimeout(CLOSE_TIMEOUT_MS, () => {
        this.#terminate();
        this.#setTimeout(TERMINATE_TIMEOUT_MS, resolve);
      });
    });
    await Promise.race([this.#exited, givenUp]);
    this.#cancelTimeout();
  }

  /** The thread no longer ticks. */
  #end(): void {
    this.#hangs = true;
    this.#terminate();
    this.#setTimeout(TERMINATE_TIMEOUT_MS, () => this.#died('hangs and cannot be terminated'));
  }

  #terminate(): void {
    closeGate(this.#gate, this.#clock, () => void this.#worker.terminate());
  }

  #died(reason: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#watch.close();
    this.#cancelTimeout();
    void this.relay.close();
    this.#events.died(reason);
  }

  #setTimeout(ms: Millis, callback: () => void): void {
    this.#cancelTimeout = this.#clock.setTimer(this.#clock.now() + ms, callback);
  }
}
