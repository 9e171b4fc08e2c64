/** What nodes of a cluster say to each other, in HTTP requests that only they can write, read and send once. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Millis } from '../lib/clock.ts';
import { Seal } from '../lib/seal.ts';

/** In front of a request's body, so that a stranger's is not read. */
const ticketSchema = z.object({
  id: z.string().max(64),
  /** Who asks. */
  from: z.string().min(1).max(64),
  /** The run of the process that is asked. One that has been restarted does not know which requests it has had. */
  to: z.string().max(64),
  /** In the time of the engine. */
  atMs: z.number(),
});

export type Ticket = Readonly<z.output<typeof ticketSchema>>;

export interface PeerSealOptions {
  /** All nodes have the same. */
  readonly secret: string;
  readonly incarnation: string;
  /** The engine's time. */
  readonly nowMs: () => Millis;
}

/** Longer than any request is waited for: one that lay in the buffers of a node that stood still counts no more. */
const VALID_MS: Millis = 5000;
/** Requests within that time. More are refused. */
const MAX_REMEMBERED = 20_000;
const MAX_TICKET_LENGTH = 600;

export class PeerSeal {
  readonly #options: PeerSealOptions;
  readonly #seal: Seal;
  /** Tickets that were used, oldest first, with the end of their time. */
  readonly #used = new Map<string, Millis>();

  constructor(options: PeerSealOptions) {
    this.#options = options;
    this.#seal = new Seal(options.secret, 'peers');
  }

  issue(from: string, to: string): { readonly id: string; readonly sealed: string } {
    const ticket: Ticket = { id: randomUUID(), from, to, atMs: this.#options.nowMs() };
    return { id: ticket.id, sealed: this.#seal.seal(JSON.stringify(ticket), 'ticket') };
  }

  /** Undefined if it is a stranger's, for another node, too old, or was used. */
  accept(sealed: string): Ticket | undefined {
    const text = sealed.length <= MAX_TICKET_LENGTH ? this.#seal.open(sealed, 'ticket') : undefined;
    const ticket = text === undefined ? undefined : ticketSchema.safeParse(JSON.parse(text)).data;
    const { incarnation, nowMs } = this.#options;
    const now = nowMs();
    if (ticket === undefined || ticket.to !== incarnation || Math.abs(now - ticket.atMs) > VALID_MS) return undefined;
    for (const [id, untilMs] of this.#used) {
      if (now <= untilMs) break;
      this.#used.delete(id);
    }
    if (this.#used.has(ticket.id) || this.#used.size >= MAX_REMEMBERED) return undefined;
    // It may be from a clock that is ahead.
    this.#used.set(ticket.id, now + 2 * VALID_MS);
    return ticket;
  }

  sealBody(id: string, kind: 'request' | 'answer', body: unknown): string {
    return this.#seal.seal(JSON.stringify(body), `${kind} ${id}`);
  }

  /** Undefined if it does not belong to this ticket. */
  openBody(id: string, kind: 'request' | 'answer', sealed: string): unknown {
    const text = this.#seal.open(sealed, `${kind} ${id}`);
    return text === undefined ? undefined : JSON.parse(text);
  }
}
