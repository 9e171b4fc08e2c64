/** What can go wrong while obtaining a certificate, and what the operator can do about it. */
import { z } from 'zod';
import { dateOf, type Millis } from '../../lib/clock.ts';
import { isClockPlausible } from '../../lib/plausible-clock.ts';

/** RFC 8555 section 8.3, RFC 8737. */
export type ChallengeType = 'http-01' | 'tls-alpn-01';

export interface AcmeErrorDetails {
  /**
   * RFC 8555 section 6.7 without `urn:ietf:params:acme:error:`, or `unreachable` if the directory did not answer, or
   * `incomplete`.
   */
  readonly kind: string;
  /** In the words of the directory or of the system. */
  readonly detail: string;
  /** Error code of the system or of TLS if the directory was not reached. */
  readonly code?: string | undefined;
  /** The name that could not be validated, and the challenge used. */
  readonly domain?: string | undefined;
  readonly challenge?: ChallengeType | undefined;
  /** When the directory wants the next attempt, relative to now. */
  readonly retryAfterMs?: Millis | undefined;
}

export class AcmeError extends Error {
  readonly details: AcmeErrorDetails;

  constructor(details: AcmeErrorDetails, options?: ErrorOptions) {
    super(`${details.kind}: ${details.detail}`, options);
    this.name = 'AcmeError';
    this.details = details;
  }
}

/** How the system and Go's libraries, in which most authorities are written, report a failed or broken connection. */
const NO_CONNECTION =
  /\b(?:(?:failed|unable|not) to connect|(?:cannot|not) connect|refused|time[dr]?[ -]?out|timeout|deadline exceeded|unreachable|no route to host|reset by peer|broken pipe|EOF)\b/i;

const URN = 'urn:ietf:params:acme:error:';

/** RFC 8555 section 6.7.1: for an order with several names, the subproblems say which name failed. */
const namedProblems = z.object({
  subproblems: z.tuple([z.object({ identifier: z.object({ value: z.string() }) })]).rest(z.unknown()),
});

/** Describes an ACME problem document (RFC 9457); undefined if it is none. */
export function problemIn(body: unknown): Pick<AcmeErrorDetails, 'kind' | 'detail' | 'domain'> | undefined {
  if (typeof body !== 'object' || body === null || !('type' in body) || typeof body.type !== 'string') return undefined;
  const detail = 'detail' in body && typeof body.detail === 'string' ? body.detail : '';
  const kind = body.type.startsWith(URN) ? body.type.slice(URN.length) : body.type;
  const { success, data } = namedProblems.safeParse(body);
  const domain = success ? data.subproblems[0].identifier.value : undefined;
  return { kind, detail: oneLine(detail), ...(domain !== undefined && { domain }) };
}

/** Sentences for the operator: what failed, and what to do. `wallNowMs` is this machine's clock. */
export function adviceFor({ details }: AcmeError, wallNowMs: Millis): string {
  const { detail, domain = 'the domain', challenge } = details;
  const kind = kindOf(details);
  const said = detail === '' ? '' : ` (${detail})`;
  switch (kind) {
    case 'dns':
      return `DNS has no address for ${domain}${said}. Create an A record (and AAAA, if there is IPv6) with the address of this server.`;
    case 'connection':
      return `${placeOf(challenge, domain)} cannot be reached from the internet${said}. DNS must point to this server, and the firewall and the router must let ${portOf(challenge)} through to it.`;
    case 'unauthorized':
    case 'incorrectResponse':
    case 'malformed':
    case 'tls':
      if (challenge === undefined) break;
      return `Something other than this server answers at ${placeOf(challenge, domain)}${said}. Check that all A and AAAA records of ${domain} point here, and that nothing intercepts ${portOf(challenge)}.`;
    case 'caa':
      return `A CAA record in DNS forbids this certificate authority to issue for ${domain}${said}. Add the authority to the record, or remove the record.`;
    case 'rateLimited':
      return `The certificate authority's rate limit is reached${said}. You can only wait.`;
    case 'rejectedIdentifier':
    case 'unsupportedIdentifier':
      return `The certificate authority does not issue for this name${said}. It must be a public name that you own.`;
    case 'invalidContact':
    case 'unsupportedContact':
      return `The certificate authority rejected acme-email${said}. Correct or remove it.`;
    case 'externalAccountRequired':
      return `This certificate authority requires an account created elsewhere${said}, which this server does not support. Choose another with acme-directory.`;
    case 'userActionRequired':
    case 'accountDoesNotExist':
      return `The certificate authority requires you to do something first${said}.`;
    case 'unreachable':
      return unreachable(details, wallNowMs);
    default:
  }
  return `The certificate authority refused: ${kind}${said}.`;
}

/** Some authorities report a malformed or wrong answer when there was none. */
function kindOf({ kind, detail, challenge }: AcmeErrorDetails): string {
  const isAnswerError = /^(?:unauthorized|incorrectResponse|malformed|tls)$/.test(kind);
  return isAnswerError && challenge !== undefined && NO_CONNECTION.test(detail) ? 'connection' : kind;
}

/** Whether another challenge may work because this one could not be validated. */
export function isChallengeError({ details: { kind, challenge } }: AcmeError): boolean {
  return challenge !== undefined && kind !== 'dns' && kind !== 'caa' && kind !== 'rateLimited';
}

function unreachable({ detail, code = '' }: AcmeErrorDetails, wallNowMs: Millis): string {
  // A directory's own certificate is never expired for long, so our clock must be wrong.
  if (/NOT_YET_VALID|HAS_EXPIRED/.test(code) || (/CERT/.test(code) && !isClockPlausible(wallNowMs)))
    return `The certificate of the ACME directory is not valid at the time shown by this machine's clock, ${dateOf(wallNowMs).toISOString()} (${detail}). Set the clock, for example with "timedatectl set-ntp true".`;
  if (/CERT|SELF_SIGNED|ISSUER|ALTNAME|UNABLE_TO/.test(code))
    return `The certificate of the ACME directory is not trusted (${detail}). If the authority is private, set acme-ca to its root certificate.`;
  return `The ACME directory cannot be reached (${detail}). Check this machine's internet connection, its DNS, and acme-directory.`;
}

function placeOf(challenge: ChallengeType | undefined, domain: string): string {
  return challenge === 'http-01' ? `http://${domain}/` : `https://${domain}/`;
}

function portOf(challenge: ChallengeType | undefined): string {
  return challenge === 'http-01' ? 'TCP port 80' : 'TCP port 443';
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim().replace(/\.$/, '');
}

/** Explains to the operator why one or several orders failed. */
export function reasonOf(error: unknown, wallNowMs: Millis): string {
  if (error instanceof AggregateError) return error.errors.map((each) => reasonOf(each, wallNowMs)).join(' ');
  if (error instanceof AcmeError) return adviceFor(error, wallNowMs);
  return `${error instanceof Error ? error.message : String(error)}.`;
}

/** When the directory wants the next attempt, relative to now; 0 if it does not say. */
export function retryAfterIn(error: unknown): Millis {
  if (error instanceof AggregateError) return Math.max(...error.errors.map(retryAfterIn));
  return error instanceof AcmeError ? (error.details.retryAfterMs ?? 0) : 0;
}

/** The names that could not be validated. */
export function namesIn(error: unknown): readonly string[] {
  if (error instanceof AggregateError) return [...new Set(error.errors.flatMap(namesIn))];
  return error instanceof AcmeError && error.details.domain !== undefined ? [error.details.domain] : [];
}
