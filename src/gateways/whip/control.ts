/**
 * WHIP (RFC 9725) into rooms and WHEP (draft-ietf-wish-whep) out of them. A program sends an offer to `/whip/ROOM` or
 * `/whep/ROOM`; the answer comes with the secret address of the session, where the program ends it or restarts ICE.
 */
import type { Context, Middleware } from 'koa';
import { answerProblem } from '../../http/problem.ts';
import { hasBody, readText } from '../../http/request-body.ts';
import { AppError, type ErrorCode, toAppError } from '../../lib/errors.ts';
import { addressKey, type TrustedProxies } from '../../lib/net/client-address.ts';
import { decodedPart } from '../../lib/net/url-part.ts';
import { UnusableOfferError } from '../../media/negotiation.ts';
import type { IceServer } from '../../protocol/messages.ts';
import { bearerOf } from '../admission.ts';
import { allowOrigin, answerPreflight } from '../cors.ts';
import { iceLinks } from './ice-links.ts';
import { FRAGMENT_TYPE, parseFragment } from './sdp-fragment.ts';
import type { BroadcastSession, SessionKind } from './session.ts';
import { type Applicant, type SessionFigures, Sessions, type SessionsOptions } from './sessions.ts';

export interface BroadcastOptions extends SessionsOptions {
  /** What is on. */
  readonly kinds: ReadonlySet<SessionKind>;
  /** Other origins whose pages may use this, as for WebSockets. */
  readonly allowOrigins: readonly string[];
  readonly proxies: TrustedProxies;
  /** Whether the operator sees addresses. */
  readonly showAddresses: boolean;
  /** TURN servers for one session. */
  readonly iceServers: (id: string) => readonly IceServer[];
  /** Refused requests are counted here, by code. */
  readonly errors: Map<ErrorCode, number>;
}

export interface Broadcast {
  /** Handles everything under `/whip/` and `/whep/` and never throws. */
  readonly middleware: Middleware;
  readonly figures: SessionFigures;
}

const PATH = /^\/(whip|whep)\/(~?)(.+)$/;
const SDP_TYPE = 'application/sdp';
const ENDPOINT_METHODS = 'OPTIONS, GET, HEAD, POST';
const SESSION_METHODS = 'OPTIONS, GET, HEAD, PATCH, DELETE';
const DEFAULT_NAME = 'Stream';
/** When a client may come back if the server is full or busy. */
const RETRY_AFTER_S = 5;

/** What a path names: where a room takes offers, or one session. */
interface Target {
  readonly kind: SessionKind;
  readonly room: string;
  /** Null for a room. A room's name has no tilde. */
  readonly session: string | null;
}

export function createBroadcast(options: BroadcastOptions): Broadcast {
  const sessions = new Sessions(options);
  const { errors } = options;
  return {
    middleware: async (context) => {
      context.set('Cache-Control', 'no-store');
      // The unread body may be of any size.
      if (hasBody(context)) context.set('Connection', 'close');
      try {
        await answer(context, options, sessions);
      } catch (thrown) {
        const error = toAppError(thrown);
        errors.set(error.code, (errors.get(error.code) ?? 0) + 1);
        if (error.kind.fault === 'server') options.log.error({ err: thrown }, 'broadcast request failed');
        else options.log.debug({ code: error.code, detail: error.message }, 'broadcast request refused');
        answerProblem(context, error);
        if (context.status === 503 && error.retryAfterMs === undefined)
          context.set('Retry-After', String(RETRY_AFTER_S));
      }
    },
    get figures() {
      return sessions.figures;
    },
  };
}

async function answer(context: Context, options: BroadcastOptions, sessions: Sessions): Promise<void> {
  const target = targetOf(context);
  if (!options.kinds.has(target.kind)) throw new AppError('whip_off');
  allowOrigin(context, options.allowOrigins);
  if (target.session === null) await atRoom(context, target, options, sessions);
  else await atSession(context, sessions.session(target.kind, target.session), options);
}

/** The address of a room, where sessions begin. */
async function atRoom(context: Context, target: Target, options: BroadcastOptions, sessions: Sessions): Promise<void> {
  context.set('Accept-Post', SDP_TYPE);
  switch (context.method) {
    case 'OPTIONS':
      answerPreflight(context, ENDPOINT_METHODS);
      context.status = 204;
      return;
    case 'GET':
    case 'HEAD':
      context.status = 204;
      return;
    case 'POST': {
      checkType(context, SDP_TYPE);
      const applicant = applicantOf(context, target, options);
      const admission = await sessions.admit(applicant);
      const sdp = await readText(context.req, options.sdpLimits.maxBytes);
      if (sdp === null) throw new AppError('sdp_too_large');
      if (!applicant.isWanted()) throw new AppError('invalid_request', 'The connection is closed.');
      created(
        context,
        usable(() => sessions.open(applicant, admission, sdp)),
        options,
      );
      return;
    }
    default:
      context.set('Allow', ENDPOINT_METHODS);
      throw new AppError('method_not_allowed');
  }
}

async function atSession(context: Context, session: BroadcastSession, options: BroadcastOptions): Promise<void> {
  context.set('Accept-Patch', FRAGMENT_TYPE);
  switch (context.method) {
    case 'OPTIONS':
      answerPreflight(context, SESSION_METHODS);
      context.status = 204;
      return;
    case 'GET':
    case 'HEAD':
      context.set('ETag', session.etag);
      context.status = 204;
      return;
    case 'DELETE':
      session.end();
      // Some clients take nothing else for success.
      context.status = 200;
      context.body = '';
      return;
    case 'PATCH': {
      checkType(context, FRAGMENT_TYPE);
      const condition = context.get('If-Match');
      if (condition === '') throw new AppError('etag_required');
      const fragment = await readText(context.req, options.sdpLimits.maxBytes);
      if (fragment === null) throw new AppError('sdp_too_large');
      context.remove('Connection');
      patch(context, session, { condition, fragment });
      return;
    }
    default:
      context.set('Allow', SESSION_METHODS);
      throw new AppError('method_not_allowed');
  }
}

/** RFC 9725 section 4.3: candidates, or an ICE restart. */
function patch(
  context: Context,
  session: BroadcastSession,
  { condition, fragment }: { readonly condition: string; readonly fragment: string },
): void {
  // Strong comparison (RFC 9110 section 13.1.1).
  const tags = condition.split(',').map((tag) => tag.trim());
  if (condition !== '*' && !tags.includes(session.etag)) throw new AppError('etag_wrong');
  const credentials = parseFragment(fragment);
  if (credentials === null || !session.isRestart(credentials)) {
    context.status = 204;
    return;
  }
  const answer = usable(() => session.restart(credentials));
  context.status = 200;
  context.set({ 'Content-Type': FRAGMENT_TYPE, ETag: session.etag });
  context.body = answer;
}

function created(context: Context, { kind, id, etag, answer }: BroadcastSession, options: BroadcastOptions): void {
  const links = iceLinks(options.iceServers(id));
  context.remove('Connection');
  context.status = 201;
  context.set({
    'Content-Type': SDP_TYPE,
    Location: `/${kind}/~${id}`,
    ETag: etag,
    'Accept-Patch': FRAGMENT_TYPE,
    ...(links.length > 0 && { Link: links }),
  });
  context.body = answer;
}

function targetOf({ path }: Context): Target {
  const [, kind, tilde, rest = ''] = PATH.exec(path) ?? [];
  const name = decodedPart(rest);
  if ((kind !== 'whip' && kind !== 'whep') || name === undefined) throw new AppError('not_found');
  return tilde === '' ? { kind, room: name, session: null } : { kind, room: '', session: name };
}

function applicantOf(context: Context, { kind, room }: Target, options: BroadcastOptions): Applicant {
  const { proxies, showAddresses } = options;
  const { req, query } = context;
  const address = proxies.clientOfRequest(req);
  const wanted = query['source'];
  if (wanted !== undefined && wanted !== 'voice' && wanted !== 'music')
    throw new AppError('invalid_request', 'The query "source" must be voice or music.');
  return {
    kind,
    room,
    token: bearerOf(context),
    name: String(query['name'] ?? DEFAULT_NAME),
    source: wanted,
    client: address,
    addressKey: addressKey(address),
    address: showAddresses ? address : null,
    isRemote: proxies.isRemote(req),
    isWanted: () => !req.socket.destroyed,
  };
}

function checkType(context: Context, type: string): void {
  if (context.request.type.toLowerCase() !== type) throw new AppError('unsupported_media_type', `It must be ${type}.`);
}

/** RFC 9725 section 4.2: what is well-formed but cannot be served is not acceptable, rather than bad. */
function usable<T>(run: () => T): T {
  try {
    return run();
  } catch (thrown) {
    if (thrown instanceof UnusableOfferError) throw new AppError('unusable_offer', thrown.detail);
    throw thrown;
  }
}
