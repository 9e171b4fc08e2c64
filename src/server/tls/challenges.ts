import type { SecureContext } from 'node:tls';

/** The protocol of RFC 8737 section 4, with which a certificate authority requests the proof. */
export const ACME_ALPN = 'acme-tls/1';
const HTTP_PATH = '/.well-known/acme-challenge/';

/** The proofs that a certificate authority may request now: as many as there are names being ordered. */
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

  /** The response to a GET of this path; undefined if it does not concern a proof. */
  responseFor(path: string): string | undefined {
    return path.startsWith(HTTP_PATH) ? this.#byToken.get(path.slice(HTTP_PATH.length)) : undefined;
  }

  /** The context to present in a handshake for `ACME_ALPN`. */
  contextFor(servername: string): SecureContext | undefined {
    return this.#byName.get(servername.toLowerCase());
  }
}
