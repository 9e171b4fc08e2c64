/** The sound of rooms for players of any kind: `GET /live/ROOM.opus` and `/live/ROOM.webm`, which never end. */
import type { ServerResponse } from 'node:http';
import type { Context, Middleware } from 'koa';
import type { Logger } from 'pino';
import { answerProblem } from '../../http/problem.ts';
import { AppError, type ErrorCode, toAppError } from '../../lib/errors.ts';
import { addressKey, type TrustedProxies } from '../../lib/net/client-address.ts';
import { decodedPart } from '../../lib/net/url-part.ts';
import { AddressCount } from '../../lib/rates/address-count.ts';
import type { LimitCounts } from '../../lib/rates/limit-counts.ts';
import { admit, admitAnyone, bearerOf, type Doors } from '../admission.ts';
import { allowOrigin, answerPreflight } from '../cors.ts';
import type { LiveFormat } from './room-stream.ts';
import type { RoomStreams } from './room-streams.ts';

export interface LiveOptions extends Doors {
  readonly maxListeners: number;
  /** 0: no limit. */
  readonly maxPerAddress: number;
  readonly allowOrigins: readonly string[];
  readonly proxies: TrustedProxies;
  readonly showAddresses: boolean;
  readonly limitCounts: LimitCounts;
  readonly streams: RoomStreams;
  readonly log: Logger;
  /** Refused requests are counted here, by code. */
  readonly errors: Map<ErrorCode, number>;
}

export interface Live {
  /** Handles everything under `/live/` and never throws. */
  readonly middleware: Middleware;
  readonly figures: { readonly listeners: number };
}

const PATH = /^\/live\/(.+)\.(opus|webm)$/;
const METHODS = 'OPTIONS, GET, HEAD';
const TYPES: Readonly<Record<LiveFormat, string>> = { opus: 'audio/ogg; codecs=opus', webm: 'audio/webm; codecs=opus' };
/** Half a minute of sound: a player that is so far behind is not listening. */
const MAX_UNSENT_BYTES = 200_000;

export function createLive(options: LiveOptions): Live {
  const byAddress = new AddressCount(options.maxPerAddress);
  const { errors } = options;
  let listeners = 0;

  const checkPlace = (from: string): void => {
    const isFull = listeners >= options.maxListeners;
    if (!isFull && !byAddress.isFull(from)) return;
    options.limitCounts.hit(isFull ? 'listeners' : 'broadcast_sessions_per_address');
    throw new AppError('too_many_connections', isFull ? undefined : 'The limit is per address.');
  };

  const answer = async (context: Context): Promise<void> => {
    const [, encoded = '', extension] = PATH.exec(context.path) ?? [];
    const name = decodedPart(encoded);
    if ((extension !== 'opus' && extension !== 'webm') || name === undefined) throw new AppError('not_found');
    allowOrigin(context, options.allowOrigins);
    if (context.method === 'OPTIONS') {
      answerPreflight(context, METHODS);
      context.status = 204;
      return;
    }
    if (context.method !== 'GET' && context.method !== 'HEAD') {
      context.set('Allow', METHODS);
      throw new AppError('method_not_allowed');
    }
    const { proxies, showAddresses, registry } = options;
    const mode = registry.liveModeOf(name);
    if (mode === 'off') throw new AppError('live_off');
    const client = proxies.clientOfRequest(context.req);
    const from = addressKey(client);
    checkPlace(from);
    const isWanted = () => !context.req.socket.destroyed;
    const token = tokenOf(context);
    if (mode === 'token' && token === undefined) throw new AppError('token_required');
    const admission =
      mode === 'public' ? admitAnyone(options, client) : await admit(options, { room: name, token, client, isWanted });
    checkPlace(from);
    if (!isWanted()) throw new AppError('invalid_request', 'The connection is closed.');
    context.set({ 'Content-Type': TYPES[extension], 'X-Accel-Buffering': 'no', Connection: 'close' });
    if (context.method === 'HEAD') {
      context.status = 200;
      return;
    }
    const { res } = context;
    const listener = registry.listen(name, admission, {
      via: 'http',
      address: showAddresses ? client : null,
      isPublic: mode === 'public',
      ended: () => finish(),
    });
    listeners++;
    const addressClosed = byAddress.add(from);
    const room = registry.room(name);
    res.once('close', () => listener.end('left'));
    context.respond = false;
    res.writeHead(200);
    const stop = options.streams.play(room, extension, (bytes) => write(res, bytes));
    const finish = (): void => {
      listeners--;
      addressClosed();
      stop();
      res.end();
    };
    listener.hears();
    options.log.info({ room: room.name, format: extension }, 'http listener began');
  };

  return {
    middleware: async (context) => {
      context.set('Cache-Control', 'no-store');
      try {
        await answer(context);
      } catch (thrown) {
        const error = toAppError(thrown);
        errors.set(error.code, (errors.get(error.code) ?? 0) + 1);
        if (error.kind.fault === 'server') options.log.error({ err: thrown }, 'live request failed');
        answerProblem(context, error);
      }
    },
    get figures() {
      return { listeners };
    },
  };
}

/** Few players can send a header. */
function tokenOf(context: Context): string | undefined {
  const { token } = context.query;
  return bearerOf(context) ?? (token === undefined ? undefined : String(token));
}

function write(response: ServerResponse, bytes: Uint8Array): void {
  if (response.writableLength > MAX_UNSENT_BYTES) response.destroy();
  else response.write(bytes);
}
