import type { SecureContext } from 'node:tls';

/** The protocol of RFC 8737 section 4, by which a certificate authority asks for the proof. */
export const ACME_ALPN = 'acme-tls/1';
const HTTP_PATH = '/.well-known/acme-challenge/';

/** The proofs that a certificate authority may ask for now: there are as many as names that are being ordered. */
export class Challenges {
  readonly #byToken = new Map<string, string>();
  readonly #byName = new Map<string, SecureContext>();

  /** RFC 8555 section 8.3 */
  answerByHttp(token: string, keyAuthorization: string): void {
    this.#byToken.set(token, keyAuthorization);
  }

  /** RFC 8737 */
  answerByTls(domain: string, context: SecureContext): void {
    this.#byName.set(domain, context);
  }

  clear(): void {
    this.#byToken.clear();
    this.#byName.clear();
  }

  /** What is answered to a GET of this path; undefined if it is not about a proof. */
  ofPath(path: string): string | undefined {
    return path.startsWith(HTTP_PATH) ? this.#byToken.get(path.slice(HTTP_PATH.length)) : undefined;
  }

  /** What to show in a handshake for `ACME_ALPN`. */
  ofName(servername: string): SecureContext | undefined {
    return this.#byName.get(servername.toLowerCase());
  }
}
