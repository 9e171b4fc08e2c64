import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { Clock, Millis } from '../lib/clock.ts';
import {
  type Beat,
  type BeatAnswer,
  type Claim,
  type ClaimAnswer,
  type Engine,
  EngineDown,
  KEPT_BOUNDS,
  KEPT_LAYOUT,
  type KeptAnswer,
  type KeptBounds,
  type KeptChange,
  type KeptLog,
  type KeptPage,
  type KeptPosition,
  type KeptWrite,
  type Owner,
} from './engine.ts';
import { READ_KEPT, RESTORE_KEPT, WRITE_KEPT } from './kept-scripts.ts';
import {
  BEAT,
  BEATEN,
  BURY,
  CLAIM,
  MOVE,
  OWNER,
  REASSERT,
  RELEASE,
  REPORT_FAILURE,
  SOME_OWNED,
  SURVEY,
} from './scripts.ts';

export interface RedisEngineOptions {
  /** `redis://user@host:6379/0`, or `rediss://`. */
  readonly url: string;
  readonly password?: string | undefined;
  /** Of the cluster; all its keys begin with it. */
  readonly name: string;
  /** Of what is kept; as in `KEPT_BOUNDS` if omitted. */
  readonly kept?: KeptBounds;
  /** How long a node that has died is remembered, with its rooms; a day if omitted. */
  readonly rememberMs?: Millis;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Longer than any answer of an engine that works. */
const DEADLINE_MS: Millis = 1000;
const PING_INTERVAL_MS: Millis = 1000;
/** The connection is given up if nothing was heard for so long. */
const SOCKET_TIMEOUT_MS: Millis = 3000;
const FIRST_RETRY_MS: Millis = 50;
const LAST_RETRY_MS: Millis = 500;
/** Nobody has so many nodes: more records than that are not read. */
const MAX_NODES = 1000;
/** A node that is cut off from the engine for longer, and not from people, may lose them to another one. */
const REMEMBER_MS: Millis = 86_400_000;
/** Far more than anybody places at a node in a second. */
const SOME = 500;

const ownerSchema = z.tuple([z.string(), z.coerce.number()]).transform(([node, epoch]): Owner => ({ node, epoch }));
const beatSchema = z.tuple([z.coerce.number(), z.number()], z.string());
const surveySchema = z.tuple([z.coerce.number()], z.string());
const claimSchema = z.union([
  z.tuple([z.literal('refused')]).transform(([result]): ClaimAnswer => ({ result })),
  z
    .tuple([z.enum(['owned', 'orphan']), z.string(), z.coerce.number()])
    .transform(([result, node, epoch]): ClaimAnswer => ({ result, owner: { node, epoch } })),
]);

const keptSchema = z.tuple([z.string(), z.coerce.number(), z.coerce.number(), z.number()], z.string());
const writtenSchema = z.union([
  z.tuple([z.enum(['fenced', 'full'])]).transform(([result]): KeptAnswer => ({ result })),
  z
    .tuple([z.literal('written'), z.coerce.number()])
    .transform(([result, version]): KeptAnswer => ({ result, version })),
]);

type Library = typeof import('@redis/client');

export interface NodeSurvey extends Pick<BeatAnswer, 'nodes'> {
  /** The engine's clock. */
  readonly nowMs: Millis;
}

/** Redis or Valkey. It reconnects for ever, and while there is no connection every call fails at once. */
export class RedisEngine implements Engine, KeptLog {
  readonly #library: Library;
  readonly #client: ReturnType<Library['createClient']>;
  readonly #prefix: string;
  readonly #kept: KeptBounds;
  readonly #rememberMs: Millis;
  readonly #clock: Clock;
  readonly #log: Logger;
  /** What it answered instead of an answer, which the log says once. */
  #refusal: string | undefined;

  private constructor(
    library: Library,
    { url, password, name, kept = KEPT_BOUNDS, rememberMs = REMEMBER_MS, clock, log }: RedisEngineOptions,
  ) {
    this.#library = library;
    this.#prefix = `{${name}}:`;
    this.#kept = kept;
    this.#rememberMs = rememberMs;
    this.#clock = clock;
    this.#log = log;
    this.#client = library.createClient({
      url,
      ...(password !== undefined && { password }),
      disableOfflineQueue: true,
      pingInterval: PING_INTERVAL_MS,
      socket: {
        connectTimeout: DEADLINE_MS,
        socketTimeout: SOCKET_TIMEOUT_MS,
        // The default one ends for ever after a timeout of the socket.
        reconnectStrategy: (retries) => Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(retries, 4)),
      },
    });
    let wasUp = true;
    this.#client.on('error', (error: Error) => {
      if (wasUp) log.warn({ err: error }, 'the engine of the cluster is not reached');
      wasUp = false;
    });
    this.#client.on('ready', () => {
      if (!wasUp) log.info('the engine of the cluster is reached again');
      wasUp = true;
    });
    // It goes on trying, and `error` has told of it.
    this.#client.connect().catch(() => {});
  }

  /** Rejects with an Error if the address is none. The library is loaded here, because without a cluster nobody needs it. */
  static async open(options: RedisEngineOptions): Promise<RedisEngine> {
    return new RedisEngine(await import('@redis/client'), options);
  }

  get isUp(): boolean {
    return this.#client.isReady;
  }

  async beat({ node, incarnation, record, leaseMs }: Beat): Promise<BeatAnswer> {
    const [nowMs, beaten, ...all] = beatSchema.parse(
      await this.#run(BEAT, node, incarnation, record, leaseMs, this.#rememberMs),
    );
    return { nowMs, isTaken: beaten === BEATEN.taken, isRenewed: beaten === BEATEN.renewed, nodes: recordsIn(all) };
  }

  /** The nodes that have a lease, for somebody who is none of them. Rejects as `beat` does. */
  async survey(): Promise<NodeSurvey> {
    const [nowMs, ...all] = surveySchema.parse(await this.#run(SURVEY));
    return { nowMs, nodes: recordsIn(all) };
  }

  async claim({ room, node, incarnation, target, deadlineMs, insteadOf }: Claim): Promise<ClaimAnswer> {
    const { node: dead = '', epoch = '' } = insteadOf ?? {};
    const deadline = Math.floor(deadlineMs);
    return claimSchema.parse(await this.#run(CLAIM, room, node, incarnation, target, deadline, dead, epoch));
  }

  async reassert(room: string, { node, epoch }: Owner): Promise<Owner> {
    return ownerSchema.parse(await this.#run(REASSERT, room, node, epoch));
  }

  async move(room: string, { node, epoch }: Owner, target: string): Promise<Owner | undefined> {
    const answer = await this.#run(MOVE, room, node, epoch, target);
    return Array.isArray(answer) && answer.length > 0 ? ownerSchema.parse(answer) : undefined;
  }

  async release(room: string, { node, epoch }: Owner): Promise<void> {
    await this.#run(RELEASE, room, node, epoch);
  }

  async someOwned(node: string): Promise<ReadonlyMap<string, number>> {
    const all = z.array(z.string()).parse(await this.#run(SOME_OWNED, node, SOME));
    return new Map(all.flatMap((room, i) => (i % 2 === 0 ? [[room, Number(all[i + 1])] as const] : [])));
  }

  async ownerOf(room: string): Promise<Owner | undefined> {
    const answer = await this.#run(OWNER, room);
    return Array.isArray(answer) && answer.length > 0 ? ownerSchema.parse(answer) : undefined;
  }

  async bury(node: string, incarnation: string): Promise<void> {
    await this.#run(BURY, node, incarnation);
  }

  async reportFailure(incarnation: string, reporter: string): Promise<boolean> {
    return (await this.#run(REPORT_FAILURE, incarnation, reporter, this.#rememberMs)) === 1;
  }

  async readKept({ generation: known, position, isContinued }: KeptPosition): Promise<KeptPage> {
    const args = [randomUUID(), KEPT_LAYOUT, known, position, this.#kept.page, isContinued ? 1 : 0] as const;
    const [generation, layout, top, isWhole, ...all] = keptSchema.parse(await this.#run(READ_KEPT, ...args));
    const changes: KeptChange[] = [];
    let last = isWhole === 1 ? 0 : position;
    for (let i = 0; i + 2 < all.length; i += 3) {
      const [version = '', value = ''] = all[i + 2]!.split(/ (.*)/s);
      changes.push({ key: all[i]!, version: Number(version), value: value === '' ? null : value });
      last = Number(all[i + 1]);
    }
    return { generation, layout, top, isWhole: isWhole === 1, position: last, changes };
  }

  async writeKept({ key, value, fence }: KeptWrite): Promise<KeptAnswer> {
    const { room = '', node = '', epoch = null } = fence ?? {};
    const answer = await this.#run(WRITE_KEPT, key, value ?? '', room, node, epoch ?? '', ...this.#limits);
    return writtenSchema.parse(answer);
  }

  async restoreKept({ key, version, value }: KeptChange): Promise<void> {
    await this.#run(RESTORE_KEPT, key, version, value ?? '', ...this.#limits);
  }

  /** Its figures, by name, as `INFO` tells them. Rejects with the client's error. */
  async info(): Promise<ReadonlyMap<string, string>> {
    const lines = String(await this.#client.sendCommand(['INFO'])).split('\r\n');
    return new Map(lines.map((line) => line.split(/:(.*)/s)).map(([name = '', value = '']) => [name, value]));
  }

  async close(): Promise<void> {
    // It throws if the connection is closed already.
    if (this.#client.isOpen) this.#client.destroy();
  }

  get #limits(): readonly number[] {
    return [this.#kept.records, this.#kept.deleted];
  }

  /** The client has no deadline for a command that was sent. */
  #run(script: string, ...args: readonly (string | number)[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.setTimer(this.#clock.now() + DEADLINE_MS, () =>
        reject(new EngineDown('the engine did not answer in time')),
      );
      this.#client.eval(script, { keys: [this.#prefix], arguments: args.map(String) }).then(
        (answer) => {
          cancel();
          this.#refusal = undefined;
          resolve(answer);
        },
        (cause: unknown) => {
          cancel();
          if (cause instanceof this.#library.ErrorReply) this.#refused(cause);
          reject(new EngineDown('the engine did not answer', { cause }));
        },
      );
    });
  }

  /** It is full, or does not allow it, for instance. */
  #refused(reply: Error): void {
    if (reply.message !== this.#refusal) this.#log.warn({ err: reply }, 'the engine of the cluster refuses commands');
    this.#refusal = reply.message;
  }
}

/** @param all name and record of each node, in turn */
function recordsIn(all: readonly string[]): Map<string, string> {
  const nodes = new Map<string, string>();
  for (let i = 0; i + 1 < Math.min(all.length, 2 * MAX_NODES); i += 2) nodes.set(all[i]!, all[i + 1]!);
  return nodes;
}
