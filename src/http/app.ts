import type { IncomingMessage } from 'node:http';
import Koa, { type Context, type Middleware } from 'koa';
import type { Logger } from 'pino';
import { AppError, toAppError } from '../lib/errors.ts';
import { isAllowedHost } from '../lib/net/host-header.ts';
import type { ProxyWarnings } from '../lib/net/proxy-warnings.ts';
import type { RequestRate } from '../lib/rates/request-rate.ts';
import type { RoomPreview } from '../protocol/rooms.ts';
import { type Assets, chooseRepresentation } from './assets.ts';
import { answerFile, type FileDoor } from './files.ts';
import type { Health } from './health.ts';
import { answerProblem } from './problem.ts';
import { hasBody } from './request-body.ts';
import { listeningHeaders, securityHeaders } from './security-headers.ts';
import { answerSounds, type SoundDoor } from './sounds.ts';

/** The response of `/metrics`. */
export interface MetricsPage {
  readonly contentType: string;
  scrape(): Promise<string>;
  /** Of all servers of the cluster, for `/metrics?cluster=1`; omitted for a server by itself. */
  scrapeAll?(): Promise<string>;
}

export interface HttpAppOptions {
  readonly assets: Assets;
  readonly health: () => Health;
  readonly metrics: MetricsPage;
  /** Handles everything under `/api/`. */
  readonly api?: Middleware;
  /** Handles everything under `/whip/` and `/whep/`. */
  readonly broadcast?: Middleware;
  /** Handles everything under `/live/`. */
  readonly live?: Middleware;
  /** Handles `/sign-in` and everything under it. */
  readonly signIn?: Middleware | undefined;
  /** Answers other servers of the cluster; resolves with undefined for strangers. */
  readonly peer?: ((request: IncomingMessage) => Promise<string | undefined>) | undefined;
  /** Counts all requests except those of the API, which counts its own. */
  readonly requests?: RequestRate;
  readonly log: Logger;
  /** The server's host names; if empty, every name is accepted. */
  readonly allowHosts?: readonly string[];
  /** Reports requests for other host names. */
  readonly proxyWarnings?: ProxyWarnings;
  /** Who is in a room, for people who are about to join it; null if that is not for everyone. */
  readonly preview?: (room: string) => RoomPreview | null;
  /** The list of rooms as JSON, for people who are in none. */
  readonly roomList?: () => string | Promise<string>;
  /** Of the chats. */
  readonly files?: FileDoor;
  readonly sounds?: SoundDoor;
  /** Origins that may embed the page in a frame. */
  readonly frameAncestors?: readonly string[];
  /** Where pages may connect besides this host, separated by spaces. */
  readonly connects?: string;
}

const METHODS = 'GET, HEAD';
/** Modules are loaded with CORS, and pages that are isolated from other origins need the second. */
const FOR_OTHER_SITES = { 'Access-Control-Allow-Origin': '*', 'Cross-Origin-Resource-Policy': 'cross-origin' };
/** The page knows which room that is. */
const ROOM_PATH = /^\/room(?:\/.*)?$/i;
const BROADCAST_PATH = /^\/wh[ie]p\//;
const LIVE_PATH = /^\/live\//;
const SIGN_IN_PATH = /^\/sign-in(?:[/?]|$)/;
/** The page knows which room that is. */
const SOUNDS_PATH = /^\/sounds\?/;
const LISTEN_PATH = /^\/listen(?:\/.*|\.html)?$/;
/** As `Peers` asks. */
const PEER_PATH = '/cluster/peer';
const ADMIN_PATH = /^\/admin(?:\/|\.html)?$/;

/**
 * Serves the page at `/` and `/room/NAME`, the admin page at `/admin`, the one that only listens at `/listen/ROOM`, their files, `/healthz`, `/readyz`, `/metrics`, the API, and
 * WHIP, WHEP and the sound of rooms.
 */
export function createHttpApp(options: HttpAppOptions): Koa {
  const {
    assets,
    health,
    metrics,
    api,
    broadcast,
    live,
    requests,
    log,
    allowHosts = [],
    frameAncestors = [],
    connects = '',
  } = options;
  const app = new Koa();
  // Koa prints errors to the console, but we log them.
  app.silent = true;
  app.on('error', (error: unknown) => {
    if (isConnectionError(error)) log.debug({ code: error.code }, 'http connection failed');
    else log.error({ err: error }, 'http request failed');
  });

  app.use(async (context, next) => {
    const host = context.get('host') || undefined;
    // No other page may embed the admin page to trick an operator into clicking (clickjacking).
    const path = context.url.startsWith('/') ? context.path : '';
    const isAdmin = ADMIN_PATH.test(path);
    context.set(
      LISTEN_PATH.test(path)
        ? listeningHeaders(frameAncestors)
        : securityHeaders(host, isAdmin ? [] : frameAncestors, connects),
    );
    // Requests for files need no body, and one that is sent may never end.
    if (hasBody(context)) context.set('Connection', 'close');
    const isApiRequest = api !== undefined && context.url.startsWith('/api/');
    // Whatever name or address it was asked by: only the secret counts.
    if (options.peer !== undefined && context.url === PEER_PATH) {
      const answer = await options.peer(context.req);
      if (answer !== undefined) {
        context.body = answer;
        return;
      }
    }
    try {
      if (!isAllowedHost(host, allowHosts)) {
        options.proxyWarnings?.refusedHost(host);
        throw new AppError('unknown_host');
      }
      if (!isApiRequest) requests?.take(context.req);
    } catch (thrown) {
      return answerError(context, toAppError(thrown));
    }
    if (isApiRequest) return api(context, next);
    if (broadcast !== undefined && BROADCAST_PATH.test(context.url)) return broadcast(context, next);
    if (options.signIn !== undefined && SIGN_IN_PATH.test(context.url)) return options.signIn(context, next);
    if (live !== undefined && LIVE_PATH.test(context.url)) return live(context, next);
    if (options.files !== undefined && context.url.startsWith('/files/')) {
      try {
        return await answerFile(context, options.files);
      } catch (thrown) {
        return answerError(context, toAppError(thrown));
      }
    }
    if (options.sounds !== undefined && SOUNDS_PATH.test(context.url)) {
      try {
        return await answerSounds(context, options.sounds);
      } catch (thrown) {
        return answerProblem(context, toAppError(thrown));
      }
    }
    if (context.method !== 'GET' && context.method !== 'HEAD') {
      context.status = 405;
      context.set('Allow', METHODS);
      context.body = 'Only GET and HEAD are allowed here.\n';
      return;
    }
    // Absolute URLs are for proxies, and parsing one may fail.
    if (!context.url.startsWith('/')) return answerNothing(context);
    switch (context.path) {
      case '/healthz':
        return answerHealth(context, health());
      case '/readyz':
        return answerReady(context, health());
      case '/metrics':
        context.set({ 'Content-Type': metrics.contentType, 'Cache-Control': 'no-store' });
        context.body = await (context.query['cluster'] === '1' && metrics.scrapeAll
          ? metrics.scrapeAll()
          : metrics.scrape());
        return;
      case '/people':
        return answerPreview(context, options.preview);
      case '/sign-in/offer':
        return answerJson(context, 'null');
      case '/room-list':
        return answerJson(context, (await options.roomList?.()) ?? 'null');
      default:
        return answerAsset(context, assets);
    }
  });
  return app;
}

/** A broken or malformed connection is the client's fault, and anyone could flood the log with such errors. */
function isConnectionError(error: unknown): error is { readonly code: string } {
  return (
    error instanceof Error &&
    'code' in error &&
    /^(?:HPE_|ECONNRESET$|EPIPE$|ERR_STREAM_PREMATURE_CLOSE$)/.test(String(error.code))
  );
}

function answerError(context: Context, { kind, message, retryAfterMs }: AppError): void {
  context.status = kind.httpStatus;
  if (retryAfterMs !== undefined) context.set('Retry-After', String(Math.ceil(retryAfterMs / 1000)));
  context.body = `${message}\n`;
}

function answerHealth(context: Context, state: Health): void {
  context.status = state.status === 'ok' || state.status === 'draining' ? 200 : 503;
  context.set('Cache-Control', 'no-store');
  context.body = state;
}

/** Whether new people should be sent here. */
function answerReady(context: Context, { status }: Health): void {
  const ready = status === 'ok';
  context.status = ready ? 200 : 503;
  context.set('Cache-Control', 'no-store');
  context.body = { ready, status };
}

/** Null rather than 404 for what is not told, because browsers report a 404 to the console. */
function answerPreview(context: Context, preview: HttpAppOptions['preview']): void {
  const room = new URLSearchParams(context.querystring).get('room');
  answerJson(context, JSON.stringify((room !== null && preview?.(room)) || null));
}

function answerJson(context: Context, json: string): void {
  context.set({ 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'no-store' });
  context.body = json;
}

function answerAsset(context: Context, assets: Assets): void {
  const asset = assets.get(fileAt(context.path));
  const form = asset && chooseRepresentation(asset, context.get('accept-encoding'));
  if (asset === undefined || form === undefined) {
    answerNothing(context);
    return;
  }
  context.status = 200;
  context.set({
    'Content-Type': asset.contentType,
    'Cache-Control': asset.immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
    ETag: form.etag,
  });
  if (asset.isShared) context.set(FOR_OTHER_SITES);
  if (asset.representations.length > 1) context.vary('Accept-Encoding');
  if (context.fresh) {
    context.status = 304;
    return;
  }
  if (form.coding !== undefined) context.set('Content-Encoding', form.coding);
  context.body = form.body;
}

function fileAt(path: string): string {
  if (path === '/' || ROOM_PATH.test(path)) return '/index.html';
  if (LISTEN_PATH.test(path)) return '/listen.html';
  return ADMIN_PATH.test(path) ? '/admin.html' : path;
}

function answerNothing(context: Context): void {
  context.status = 404;
  context.body = 'Nothing was found at this address.\n';
}
