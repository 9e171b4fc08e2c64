import type { ServerMessage } from '../../src/protocol/messages.ts';
import { toConfiguration } from './media-link.ts';
import type { Requests } from './requests.ts';

/** A message of another participant's program. */
export interface ReceivedData {
  /** The id of the participant; null for the application's server. */
  readonly from: string | null;
  readonly topic: string;
  /** JSON, or bytes if they were sent. */
  readonly payload: unknown;
}

export interface SendOptions {
  /** Ids of participants; omitted: everyone else in the room. */
  readonly to?: readonly string[];
  /** False: left out rather than late, for those whose connection is behind. Right for what the next message replaces. */
  readonly reliable?: boolean;
}

type Listener = (payload: unknown, message: ReceivedData) => void;

/** Messages between the programs of participants. They go through the server, which keeps nothing of them. */
export class Data {
  readonly #requests: Requests;
  /** STUN and TURN servers of the operator, for connections that programs make between browsers. */
  iceServers: readonly RTCIceServer[] = [];
  readonly #listeners = new Map<string, Set<Listener>>();

  /** @internal */
  constructor(requests: Requests) {
    this.#requests = requests;
  }

  /** Calls back for each message about this topic. Returns a function that removes the listener. */
  on(topic: string, listener: Listener): () => void {
    const listeners = this.#listeners.get(topic) ?? new Set();
    this.#listeners.set(topic, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  /**
   * Sends JSON or bytes, up to 4096 bytes, under a topic of up to 32 characters. Resolves when the server has passed it
   * on; rejects with a `VoiceError`: `too_many_data` beyond ten a second, `data_too_large`, `not_allowed`, …
   */
  send(topic: string, payload: unknown, options: SendOptions = {}): Promise<void> {
    const content = payload instanceof Uint8Array ? { bytes: toBase64(payload) } : { payload };
    return this.#requests.ask({ type: 'data', topic, ...content, ...options }, { isQuiet: true });
  }

  /**
   * Every message of the server.
   * @internal
   */
  receive(message: ServerMessage): void {
    if (message.type === 'joined') this.iceServers = toConfiguration(message.iceServers);
    if (message.type !== 'data') return;
    const { from, topic, payload, bytes } = message;
    const received = { from, topic, payload: bytes === undefined ? payload : fromBase64(bytes) };
    for (const listener of [...(this.#listeners.get(topic) ?? [])]) listener(received.payload, received);
  }
}

function toBase64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
