/**
 * The OpenID Connect provider: authorization code flow with PKCE (RFC 7636), state and nonce. Its description and keys
 * are read when somebody signs in for the first time; new keys are read when a signature needs them.
 */
import type { Configuration, CustomFetchOptions } from 'openid-client';
import type { Clock, Millis } from '../../lib/clock.ts';
import type { Attempt } from './attempt.ts';
import { type Claims, isComplete, type SignInRules } from './claims.ts';

export interface ProviderSettings {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Separated by spaces. */
  readonly scopes: string;
  /** Where the provider sends people back. */
  readonly redirectUri: string;
  readonly rules: SignInRules;
}

/** Between the clocks of the provider and this server. */
const CLOCK_TOLERANCE_S = 30;
const TIMEOUT_S = 10;
const MAX_ANSWER_BYTES = 512 * 1024;
/** Then its description is read again. */
const DESCRIPTION_LASTS_MS: Millis = 3_600_000;
/** A provider that does not answer is not asked for everybody who wants to sign in. */
const RETRY_AFTER_MS: Millis = 3000;

const MADE_UP_CODE = 'partyline-check';
/** RFC 6749 section 5.2. */
const UNKNOWN_CLIENT: ReadonlySet<string> = new Set(['invalid_client', 'unauthorized_client']);

type Library = typeof import('openid-client');

interface Known {
  readonly library: Library;
  readonly configuration: Configuration;
}

export class SignInProvider {
  readonly #settings: ProviderSettings;
  readonly #clock: Clock;
  #known: Promise<Known> | undefined;
  #readMs: Millis = 0;

  constructor(settings: ProviderSettings, clock: Clock) {
    this.#settings = settings;
    this.#clock = clock;
  }

  /** Rejects if the provider cannot be reached, or is not what it should be. */
  async begin(room: string): Promise<{ readonly attempt: Attempt; readonly url: URL }> {
    const { library, configuration } = await this.#describe();
    const verifier = library.randomPKCECodeVerifier();
    const attempt = { room, verifier, state: library.randomState(), nonce: library.randomNonce() };
    const url = library.buildAuthorizationUrl(configuration, {
      redirect_uri: this.#settings.redirectUri,
      scope: this.#settings.scopes,
      code_challenge: await library.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state: attempt.state,
      nonce: attempt.nonce,
    });
    return { attempt, url };
  }

  /**
   * What the provider says about who has come back. Rejects if anything is wrong with it.
   * @param query of the URL with which they came back
   */
  async finish(query: string, { state, nonce, verifier }: Attempt): Promise<Claims> {
    const { library, configuration } = await this.#describe();
    const url = new URL(this.#settings.redirectUri);
    url.search = query;
    const tokens = await library.authorizationCodeGrant(configuration, url, {
      pkceCodeVerifier: verifier,
      expectedState: state,
      expectedNonce: nonce,
      idTokenExpected: true,
    });
    const claims = tokens.claims();
    if (claims === undefined) throw new Error('the provider has sent no ID token');
    const hasMore = configuration.serverMetadata().userinfo_endpoint !== undefined;
    if (isComplete(claims, this.#settings.rules) || !hasMore) return claims;
    return { ...(await library.fetchUserInfo(configuration, tokens.access_token, claims.sub)), ...claims };
  }

  /**
   * Whether the provider knows this server by its id and secret: then it refuses a made-up code, and not the server.
   * Rejects if it cannot be reached, or is not what it should be.
   */
  async knowsClient(): Promise<'known' | 'unknown' | 'unclear'> {
    const { library, configuration } = await this.#describe();
    const url = new URL(this.#settings.redirectUri);
    const state = library.randomState();
    url.search = new URLSearchParams({ code: MADE_UP_CODE, state, iss: this.#settings.issuer }).toString();
    const pkceCodeVerifier = library.randomPKCECodeVerifier();
    try {
      await library.authorizationCodeGrant(configuration, url, { pkceCodeVerifier, expectedState: state });
      return 'unclear';
    } catch (error) {
      if (error instanceof library.WWWAuthenticateChallengeError) return 'unknown';
      if (!(error instanceof library.ResponseBodyError)) return 'unclear';
      if (UNKNOWN_CLIENT.has(error.error)) return 'unknown';
      return error.error === 'invalid_grant' ? 'known' : 'unclear';
    }
  }

  #describe(): Promise<Known> {
    const nowMs = this.#clock.now();
    if (this.#known !== undefined && nowMs - this.#readMs < DESCRIPTION_LASTS_MS) return this.#known;
    const known = this.#read();
    this.#known = known;
    this.#readMs = nowMs;
    known.catch(() => {
      this.#readMs = this.#clock.now() - DESCRIPTION_LASTS_MS + RETRY_AFTER_MS;
    });
    return known;
  }

  async #read(): Promise<Known> {
    // It is loaded only where people sign in.
    const library = await import('openid-client');
    const { issuer, clientId, clientSecret } = this.#settings;
    const isLocal = new URL(issuer).protocol === 'http:';
    const configuration = await library.discovery(
      new URL(issuer),
      clientId,
      { [library.clockTolerance]: CLOCK_TOLERANCE_S },
      clientSecret === '' ? library.None() : library.ClientSecretPost(clientSecret),
      {
        [library.customFetch]: fetchBounded,
        timeout: TIMEOUT_S,
        // Settings allow it on loopback only.
        execute: isLocal ? [library.allowInsecureRequests] : [],
      },
    );
    // Also checks the signature of ID tokens, which come from the provider itself over TLS.
    library.enableNonRepudiationChecks(configuration);
    return { library, configuration };
  }
}

/** Like `fetch`, but an answer without end is broken off. */
async function fetchBounded(url: string, options: CustomFetchOptions): Promise<Response> {
  const response = await fetch(url, options as RequestInit);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) throw new Error('the answer of the provider is too large');
    chunks.push(chunk);
  }
  const { status, statusText, headers } = response;
  return new Response(bytes === 0 ? null : Buffer.concat(chunks), { status, statusText, headers });
}
