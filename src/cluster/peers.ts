/**
 * How nodes of a cluster ask each other: an operation with a body, and its answer. Over HTTP at `cluster-peer`, sealed
 * with the cluster secret, so it needs neither certificates nor a port of its own.
 */
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { Clock, Millis } from '../lib/clock.ts';
import { AppError, ERRORS, type ErrorCode, toAppError } from '../lib/errors.ts';
import type { NodeRecord } from './node-record.ts';
import { PeerSeal, type PeerSealOptions } from './peer-seal.ts';

export interface PeersOptions extends PeerSealOptions {
  /** This node. */
  readonly node: string;
  /** Those that live, as last heard. */
  readonly nodes: () => readonly NodeRecord[];
  readonly clock: Clock;
  readonly log: Logger;
}

export interface PeerFigures {
  /** Questions to other nodes, by what came of them. */
  readonly asked: Readonly<Record<'answered' | 'silent', number>>;
  /** Requests of strangers, and of nodes with another secret. */
  readonly refused: number;
}

/** Rejects with `AppError`. */
export type PeerHandler = (body: unknown, from: string) => unknown;

/** Of the HTTP port. */
export const PEER_PATH = '/cluster/peer';
/** Of a thousand positions. */
const MAX_REQUEST_LENGTH = 512 * 1024;
/** Of a page of a thousand people. */
const MAX_ANSWER_LENGTH = 4 * 1024 * 1024;
/** To all nodes, or from all, at once. */
const MAX_AT_ONCE = 256;
const RETRY_MS: Millis = 500;
const SCHEME = 'Partyline ';

const requestSchema = z.object({ operation: z.string().max(64), body: z.unknown().optional() });
const answerSchema = z.union([
  z.object({ error: z.object({ code: z.string(), detail: z.string(), retryAfterMs: z.number().optional() }) }),
  z.object({ result: z.unknown().optional() }),
]);

export class Peers {
  readonly #options: PeersOptions;
  readonly #seal: PeerSeal;
  readonly #handlers = new Map<string, PeerHandler>();
  readonly #asked = { answered: 0, silent: 0 };
  #refused = 0;
  #asking = 0;
  #answering = 0;

  constructor(options: PeersOptions) {
    this.#options = options;
    this.#seal = new PeerSeal(options);
  }

  get figures(): PeerFigures {
    return { asked: { ...this.#asked }, refused: this.#refused };
  }

  /** Others may ask this from now on. One handler for each operation. */
  on(operation: string, handler: PeerHandler): void {
    this.#handlers.set(operation, handler);
  }

  /**
   * Asks another node. Rejects with the `AppError` that its handler threw, or with `server_busy` if it does not answer in
   * time; it may have done what it was asked nevertheless.
   */
  async request(node: string, operation: string, body: unknown, limitMs: Millis): Promise<unknown> {
    const record = this.#options.nodes().find((one) => one.node === node);
    if (record === undefined || this.#asking >= MAX_AT_ONCE) throw this.#silent(node);
    this.#asking++;
    try {
      const { id, sealed } = this.#seal.issue(this.#options.node, record.incarnation);
      const text = this.#seal.sealBody(id, 'request', { operation, body });
      const answer = await this.#send(record.peer, { ticket: sealed, text, limitMs });
      const parsed =
        answer === undefined ? undefined : answerSchema.safeParse(this.#seal.openBody(id, 'answer', answer));
      if (parsed?.success !== true) throw this.#silent(node);
      this.#asked.answered++;
      if ('error' in parsed.data) throw errorOf(parsed.data.error);
      return parsed.data.result;
    } finally {
      this.#asking--;
    }
  }

  /** Resolves with the body of the answer; undefined: a stranger asks, who learns nothing. Never rejects. */
  async answer(request: IncomingMessage): Promise<string | undefined> {
    const { authorization = '' } = request.headers;
    const isPeer = request.method === 'POST' && authorization.startsWith(SCHEME) && this.#answering < MAX_AT_ONCE;
    const ticket = isPeer ? this.#seal.accept(authorization.slice(SCHEME.length)) : undefined;
    if (ticket === undefined) {
      this.#refused++;
      return undefined;
    }
    this.#answering++;
    try {
      const text = await bodyOf(request, MAX_REQUEST_LENGTH).catch(() => undefined);
      const asked =
        text === undefined ? undefined : requestSchema.safeParse(this.#seal.openBody(ticket.id, 'request', text));
      if (asked?.success !== true) return undefined;
      return this.#seal.sealBody(ticket.id, 'answer', await this.#handle(asked.data, ticket.from));
    } finally {
      this.#answering--;
    }
  }

  async #handle({ operation, body }: z.output<typeof requestSchema>, from: string): Promise<object> {
    try {
      const handler = this.#handlers.get(operation);
      // A newer node may know more.
      if (handler === undefined) throw new AppError('unknown_type');
      return { result: await handler(body, from) };
    } catch (thrown) {
      const { code, kind, message, retryAfterMs } = toAppError(thrown);
      if (kind.fault === 'server')
        this.#options.log.error({ err: thrown, operation, from }, 'a request of another server failed');
      return { error: { code, detail: message.slice(kind.message.length + 1), retryAfterMs } };
    }
  }

  #silent(node: string): AppError {
    this.#asked.silent++;
    return new AppError('server_busy', `The server "${node}" of the cluster does not answer.`, {
      retryAfterMs: RETRY_MS,
    });
  }

  /** Resolves with the body of the answer, or undefined. */
  #send(url: string, { ticket, text, limitMs }: SentRequest): Promise<string | undefined> {
    const { clock } = this.#options;
    return new Promise((resolve) => {
      const address = URL.canParse(PEER_PATH, url) ? new URL(PEER_PATH, url) : undefined;
      if (address === undefined || !/^https?:$/.test(address.protocol)) {
        resolve(undefined);
        return;
      }
      const begin = address.protocol === 'https:' ? requestHttps : requestHttp;
      const headers = {
        Authorization: `${SCHEME}${ticket}`,
        'Content-Type': 'text/plain',
        'Content-Length': text.length,
      };
      // The secret proves who answers, whatever its certificate is.
      const asking = begin(address, { method: 'POST', headers, rejectUnauthorized: false, agent: false });
      const settle = (answer: string | undefined) => {
        cancel();
        asking.destroy();
        resolve(answer);
      };
      const cancel = clock.setTimer(clock.now() + limitMs, () => settle(undefined));
      asking.on('error', () => settle(undefined));
      asking.on('response', (response) => {
        if (response.statusCode === 200) bodyOf(response, MAX_ANSWER_LENGTH).then(settle, () => settle(undefined));
        else settle(undefined);
      });
      asking.end(text);
    });
  }
}

interface SentRequest {
  readonly ticket: string;
  readonly text: string;
  readonly limitMs: Millis;
}

/** Rejects if it is longer, or ends early. */
async function bodyOf(message: IncomingMessage, maxLength: number): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of message as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > maxLength) throw new RangeError('the message of another server is too long');
    parts.push(part);
  }
  return Buffer.concat(parts).toString('latin1');
}

function errorOf({ code, detail, retryAfterMs }: { code: string; detail: string; retryAfterMs?: number | undefined }) {
  const known = Object.hasOwn(ERRORS, code) ? (code as ErrorCode) : 'internal';
  return new AppError(known, detail === '' ? undefined : detail, retryAfterMs === undefined ? {} : { retryAfterMs });
}
