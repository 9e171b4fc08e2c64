/** The REST API: authentication, then the routes of the table, each validated by its schemas. */
import { bodyParser } from '@koa/bodyparser';
import Router, { type RouterContext } from '@koa/router';
import type { Context, Middleware } from 'koa';
import type { Logger } from 'pino';
import { answerProblem } from '../../http/problem.ts';
import { hasBody } from '../../http/request-body.ts';
import { AppError, type ErrorCode, toAppError } from '../../lib/errors.ts';
import { addressKey, type TrustedProxies } from '../../lib/net/client-address.ts';
import { decodedPart } from '../../lib/net/url-part.ts';
import type { RequestRate } from '../../lib/rates/request-rate.ts';
import type { Download } from '../../protocol/api/download.ts';
import {
  API_PATH,
  type Handlers,
  type Input,
  OPERATION_LIST,
  type Operation,
  type OperationId,
} from '../../protocol/api/operations.ts';
import { pathSchema } from '../../protocol/api/path-schema.ts';
import { type AdminScope, scopeOf } from '../../protocol/api/scopes.ts';
import { checked } from '../../protocol/checked.ts';
import { AdminAuth, type AdminAuthOptions } from './admin-auth.ts';
import { AuditTrail } from './audit.ts';
import {
  clusterHandlers,
  type OtherNodes,
  type PeerQuestion,
  peerHandlers,
  withPlacedMoves,
} from './cluster-handlers.ts';
import { answerDownload } from './download.ts';
import { createHandlers, type HandlerOptions } from './handlers.ts';
import { LinkSigner } from './link-signer.ts';
import { openApiDocument } from './openapi.ts';

export interface ApiOptions extends Omit<HandlerOptions, 'links' | 'audit'>, AdminAuthOptions {
  readonly version: string;
  readonly proxies: TrustedProxies;
  /** Whether the operator sees participants' addresses. */
  readonly showAddresses: boolean;
  /** Waits until what an operation has changed is kept. */
  readonly saved: () => void | Promise<void>;
  /** Of the cluster. */
  readonly others?: OtherNodes | undefined;
  /** Counts requests without a valid token. */
  readonly requests: RequestRate;
  readonly log: Logger;
}

type ForLog = Pick<ApiOptions, 'log' | 'proxies' | 'showAddresses'>;
type ForRoutes = ForLog &
  Pick<ApiOptions, 'saved'> & {
    readonly audit: AuditTrail;
    /** Rejects with `not_allowed` if the request's token has a smaller scope than everything. */
    readonly demandEverything: (context: Context) => Promise<unknown>;
  };

export interface Api {
  /** Handles everything under `/api/` and never throws. */
  readonly middleware: Middleware;
  readonly auth: AdminAuth;
  /** Problems returned, by code. */
  readonly errors: ReadonlyMap<ErrorCode, number>;
  /** What other servers of the cluster may ask this one. */
  readonly forPeers: Readonly<Record<PeerQuestion, (body: unknown) => unknown>>;
}

const DOCUMENT_PATH = `${API_PATH}/openapi.json`;
const PATHS = OPERATION_LIST.map(([, of]) => ({
  of,
  pattern: new RegExp(`^${API_PATH}${of.path.replace(/\{\w+\}/g, '([^/]+)')}$`),
}));
/** Operations that a control token allows; the first parameter of their path is the room. */
const CONTROLLED = PATHS.filter(({ of }) => of.takesControlToken);
/** More than the strings in any request can take. */
const MAX_BODY = '16kb';
/** A thousand positions. */
const MAX_LARGE_BODY = '256kb';

/** Without any token every answer is `api_off`. */
export function createApi(options: ApiOptions): Api {
  const { log, version, requests, access } = options;
  const auth = new AdminAuth(options);
  // Created on first use, so that the server starts quickly.
  let document: string | undefined;
  const errors = new Map<ErrorCode, number>();
  const links = new LinkSigner(options.clock);
  const audit = new AuditTrail(options.clock);
  const demandEverything = (context: Context) =>
    auth.check(context.get('Authorization'), clientOf(context, options), async () => false);
  const forRoutes = { ...options, audit, demandEverything };
  const own = createHandlers({ ...options, links, audit });
  const { others, registry, saved } = options;
  const local = others === undefined ? own : withPlacedMoves(own, others, registry);
  const handlers = others === undefined ? own : clusterHandlers(local, others, registry);
  const routes = createRouter(handlers, forRoutes).routes();

  /** Throws if the request is not authenticated. */
  const authenticate = async (context: Context): Promise<void> => {
    try {
      if (auth.isOff) throw new AppError('api_off');
      if (links.accepts(context)) return;
      const room = controlledRoom(context);
      context.state['by'] = await auth.check(
        context.get('Authorization') || undefined,
        clientOf(context, options),
        async (other) => room !== undefined && (await access.isControlToken(other, room)),
        scopeNeededFor(context),
      );
    } catch (error) {
      // Only once the token is known to be wrong: with the right one there is no limit.
      requests.take(context.req);
      throw error;
    }
  };

  const answer = async (context: Context): Promise<void> => {
    if (!auth.isOff && isDocumentRequest(context)) {
      requests.take(context.req);
      context.type = 'application/json';
      document ??= JSON.stringify(openApiDocument(version));
      context.body = document;
      return;
    }
    await authenticate(context);
    await routes(context as unknown as RouterContext, () => Promise.reject(notAnswered(context)));
  };

  return {
    middleware: async (context) => {
      context.set('Cache-Control', 'no-store');
      // The unread body may be of any size.
      if (hasBody(context)) context.set('Connection', 'close');
      try {
        await answer(context);
      } catch (thrown) {
        const error = toAppError(thrown);
        errors.set(error.code, (errors.get(error.code) ?? 0) + 1);
        if (error.code === 'admin_token_wrong')
          log.warn({ address: shownAddress(context, options) }, 'api: wrong admin token');
        if (error.kind.fault === 'server') log.error({ err: thrown }, 'api request failed');
        answerProblem(context, error);
      }
    },
    auth,
    errors,
    forPeers: peerHandlers(local, registry, saved),
  };
}

/** The routes, after authentication. */
export function createRouter(handlers: Handlers, options: ForRoutes): Router {
  const router = new Router({ prefix: API_PATH, strict: true, sensitive: true });
  const parserFor = (jsonLimit: string) =>
    bodyParser({
      enableTypes: ['json'],
      parsedMethods: ['POST', 'PATCH', 'DELETE'],
      jsonLimit,
      onError: (error) => {
        throw bodyError(error);
      },
    });
  const [parse, parseLarge] = [parserFor(MAX_BODY), parserFor(MAX_LARGE_BODY)];
  for (const [id, operation] of OPERATION_LIST) {
    const path = operation.path.replace(/\{(\w+)\}/g, ':$1');
    router[operation.method](path, async (context) => {
      // Positions and data come many times a second.
      const isLogged = operation.method !== 'get' && id !== 'updateSpace' && id !== 'sendData';
      try {
        if (operation.body !== undefined) await readBody(context, operation.hasLargeBody ? parseLarge : parse);
        const handle = handlers[id] as (input: Input<Operation>) => unknown;
        const input = inputOf(context, operation);
        if (isGuarded(operation, input)) await options.demandEverything(context);
        const result = await handle(input);
        if (operation.method !== 'get') await options.saved();
        if (isLogged) logAction(id, context, options, 'done');
        succeed(context, operation, result);
      } catch (thrown) {
        if (isLogged) logAction(id, context, options, toAppError(thrown).code);
        throw thrown;
      }
    });
  }
  return router;
}

function scopeNeededFor({ path, method }: Context): AdminScope {
  const asked = method === 'HEAD' ? 'get' : method.toLowerCase();
  const found = PATHS.find(({ of, pattern }) => of.method === asked && pattern.test(path));
  return found === undefined ? 'everything' : scopeOf(found.of);
}

/** The room of a request that its control token allows as well. */
function controlledRoom({ path, method }: Context): string | undefined {
  for (const { pattern, of } of CONTROLLED) {
    const encoded = of.method === method.toLowerCase() ? pattern.exec(path)?.[1] : undefined;
    if (encoded !== undefined) return decodedPart(encoded);
  }
  return undefined;
}

function isDocumentRequest({ path, method }: Context): boolean {
  return path === DOCUMENT_PATH && (method === 'GET' || method === 'HEAD');
}

async function readBody(context: RouterContext, parse: ReturnType<typeof bodyParser>): Promise<void> {
  if (hasBody(context) && context.is('application/json') === false) throw notJson();
  await parse(context, async () => {});
  context.remove('Connection');
}

function inputOf({ params, query, request }: RouterContext, operation: Operation): Input<Operation> {
  return {
    params: checked(pathSchema, { ...params }),
    query: operation.query && checked(operation.query, { ...query }),
    body: operation.body && checked(operation.body, request.body ?? {}),
  } as Input<Operation>;
}

/** Whether the body sets something for which the scope of the operation is not enough. */
function isGuarded({ guarded = [] }: Operation, { body }: Input<Operation>): boolean {
  const fields: Readonly<Record<string, unknown>> = body ?? {};
  return guarded.some((field) => fields[field] !== undefined && fields[field] !== 'off');
}

function succeed(context: Context, { answer, file, download }: Operation, result: unknown): void {
  if (download !== undefined) {
    answerDownload(context, result as Download);
    return;
  }
  if (file !== undefined) {
    // A capture has limits of its own, and may pause for longer than an answer may stall.
    context.req.socket.setTimeout(0);
    context.attachment(file.name);
    context.type = file.contentType;
    context.body = result;
    return;
  }
  if (answer === undefined) {
    context.status = 204;
    return;
  }
  context.status = answer.status;
  context.body = result;
}

/** Remembers and logs who did what. The body may contain secrets and is not logged. */
function logAction(operation: OperationId, context: RouterContext, options: ForRoutes, result: string): void {
  const [by, address] = [String(context.state['by']), shownAddress(context, options)];
  const target = Object.fromEntries(Object.entries(context.params).map(([name, value]) => [name, String(value)]));
  options.audit.add({ by, operation, target, address, result });
  options.log.info({ by, operation, ...target, address, result }, 'api');
}

/** The full address, because programs that ban addresses need it. */
function shownAddress({ req }: Context, { proxies, showAddresses }: ForLog): string | null {
  return showAddresses ? proxies.clientOfRequest(req) : null;
}

function clientOf({ req }: Context, { proxies }: Pick<ApiOptions, 'proxies'>): string {
  return addressKey(proxies.clientOfRequest(req));
}

/** No route matched: the address does not exist, or not with this method. */
function notAnswered(context: Context): AppError {
  const { matched = [] } = context as Context & { matched?: readonly { readonly methods: readonly string[] }[] };
  const methods = new Set(matched.flatMap((layer) => layer.methods));
  if (methods.size === 0) return new AppError('not_found');
  context.set('Allow', [...methods].join(', '));
  return new AppError('method_not_allowed');
}

function notJson(): AppError {
  return new AppError('unsupported_media_type', 'It must be JSON (application/json).');
}

function bodyError(error: Error): AppError {
  const status = 'status' in error ? error.status : undefined;
  if (status === 413) return new AppError('request_too_large');
  if (status === 415) return notJson();
  return new AppError('invalid_request', 'The body is not a JSON object.');
}
