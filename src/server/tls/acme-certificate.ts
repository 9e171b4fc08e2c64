/** A certificate that the server obtains and renews by itself. */

import { join } from 'node:path';
import type { Logger } from 'pino';
import type { HealthProblem } from '../../http/health.ts';
import { type Cancel, type Clock, dateOf, type Millis, setWallTimer, within } from '../../lib/clock.ts';
import { readIfThere, writePrivate } from '../../lib/private-file.ts';
import { type Acme, loadAcme } from './acme-client.ts';
import { AcmeError, type ChallengeType, isChallengeError, namesIn, reasonOf, retryAfterIn } from './acme-error.ts';
import { orderCertificate } from './acme-order.ts';
import { type Certificate, coversName, readCertificate } from './certificate.ts';
import { certificateProblem } from './certificate-status.ts';
import { loadBestCertificate, loadCertificate, storeCertificate } from './certificate-store.ts';
import type { Challenges } from './challenges.ts';
import { retryDelayMs } from './retry-delay.ts';
import { makeSelfSigned } from './self-signed.ts';
import type { CertificateSource } from './source.ts';

/**
 * Fraction of its lifetime after which a certificate is renewed, plus a random delay so that not all servers renew at
 * once.
 */
const RENEW_AFTER = 2 / 3;
const RENEW_JITTER = 0.02;
/** Fraction of its lifetime after which a certificate is replaced by one without the names that cannot be renewed. */
const GIVE_UP_AFTER = 0.9;
/** How long the start waits for the first certificate. */
const FIRST_WAIT_MS: Millis = 60_000;

export interface AcmeCertificateOptions {
  readonly domains: readonly string[];
  readonly directoryUrl: string;
  readonly email: string;
  /** See `loadAcme`. */
  readonly caPem: string | undefined;
  /** Stores the account key and the certificate. */
  readonly directory: string;
  /** How control of the names can be proved, best first. */
  readonly challengeTypes: readonly ChallengeType[];
  readonly challenges: Challenges;
  readonly clock: Clock;
  readonly log: Logger;
  /** Returns a number from 0 to 1; `Math.random` by default. */
  readonly random?: () => number;
}

export class AcmeCertificate implements CertificateSource {
  readonly #options: AcmeCertificateOptions;
  readonly #abort = new AbortController();
  readonly #renewAfter: number;
  #current: Certificate;
  #isTemporary: boolean;
  #types: readonly ChallengeType[];
  #onChange: (certificate: Certificate) => void = () => {};
  #cancel: Cancel = () => {};
  #attempt: Promise<void> | undefined;
  #failuresInRow = 0;
  #failures = 0;
  /** Why there is no new certificate. */
  #reason: string | undefined;

  private constructor(options: AcmeCertificateOptions, certificate: Certificate) {
    this.#options = options;
    this.#types = options.challengeTypes;
    this.#current = certificate;
    this.#isTemporary = certificate.selfSigned;
    this.#renewAfter = RENEW_AFTER + RENEW_JITTER * (options.random ?? Math.random)();
  }

  /** Starts with the stored certificate, even if it does not cover all names, or with a temporary self-signed one. */
  static async open(options: AcmeCertificateOptions): Promise<AcmeCertificate> {
    const { domains, directory, clock } = options;
    const good = await loadBestCertificate(directory, domains, clock.wallNow());
    const stored = good ?? (await loadCertificate(fileOf(options)));
    const isOurs = stored !== undefined && (stored === good || domains.every((name) => coversName(stored, name)));
    return new AcmeCertificate(options, isOurs ? stored : await makeSelfSigned(domains, clock.wallNow()));
  }

  get current(): Certificate {
    return this.#current;
  }

  get failures(): number {
    return this.#failures;
  }

  get problem(): HealthProblem | undefined {
    const missing = this.#missing;
    const remedy = this.#reason ?? 'A new one is being requested.';
    if (missing.length === 0) return certificateProblem(this.#current, this.#options.clock.wallNow(), remedy);
    return { code: 'certificate_missing', message: `There is no certificate for ${missing.join(', ')} yet. ${remedy}` };
  }

  async start(onChange: (certificate: Certificate) => void): Promise<void> {
    const { clock, log, domains } = this.#options;
    this.#onChange = onChange;
    this.#sleep();
    if (this.#attempt === undefined) return;
    log.info({ domains }, 'requesting a certificate');
    const isUsable = !this.#isTemporary && clock.wallNow() < this.#current.notAfterMs;
    if (!isUsable) await within(clock, FIRST_WAIT_MS, this.#attempt);
  }

  /** Retries at once if the last attempt failed. */
  reload(): boolean {
    if (this.#failuresInRow === 0) return false;
    this.#options.log.info({ domains: this.#options.domains }, 'requesting a certificate');
    this.#begin();
    return true;
  }

  close(): void {
    this.#cancel();
    this.#abort.abort();
  }

  /** The page's names for which no authority has issued a certificate. */
  get #missing(): readonly string[] {
    const { domains } = this.#options;
    return this.#isTemporary ? domains : domains.filter((name) => !coversName(this.#current, name));
  }

  /** In wall time. */
  #dueMs(): Millis {
    return this.#missing.length > 0 ? 0 : this.#partMs(this.#renewAfter);
  }

  /** The wall time at which this fraction of the current certificate's lifetime has passed. */
  #partMs(part: number): Millis {
    const { notBeforeMs, notAfterMs } = this.#current;
    return notBeforeMs + (notAfterMs - notBeforeMs) * part;
  }

  /** Starts an attempt when renewal is due, or now if that time has passed. */
  #sleep(): void {
    const { clock } = this.#options;
    this.#cancel();
    if (this.#abort.signal.aborted) return;
    const dueMs = this.#dueMs();
    if (dueMs <= clock.wallNow()) this.#begin();
    else this.#cancel = setWallTimer(clock, dueMs, () => this.#begin());
  }

  /** Starts an attempt after a delay, even if the machine's clock is changed meanwhile. */
  #retryIn(delayMs: Millis): void {
    const { clock } = this.#options;
    this.#cancel = clock.setTimer(clock.now() + delayMs, () => this.#begin());
  }

  #begin(): void {
    if (this.#attempt !== undefined || this.#abort.signal.aborted) return;
    this.#cancel();
    this.#attempt = this.#renew().then((retryMs) => {
      this.#attempt = undefined;
      if (this.#abort.signal.aborted) return;
      if (retryMs === undefined) this.#sleep();
      else this.#retryIn(retryMs);
    });
  }

  /** Returns the delay before the next attempt if it failed. Never rejects. */
  async #renew(): Promise<Millis | undefined> {
    const { clock, log, domains, random = Math.random } = this.#options;
    try {
      await this.#obtain(domains);
      this.#failuresInRow = 0;
      this.#reason = undefined;
      return undefined;
    } catch (error) {
      await this.#obtainWithout(namesIn(error));
      if (this.#abort.signal.aborted) return undefined;
      this.#failures++;
      const failures = ++this.#failuresInRow;
      const delayMs = retryDelayMs({ failures, askedForMs: retryAfterIn(error), random: random() });
      const nextAttempt = dateOf(clock.wallNow() + delayMs);
      this.#reason = reasonOf(error, clock.wallNow());
      log.error({ domains, reason: this.#reason, nextAttempt }, 'the certificate could not be obtained');
      log.debug({ err: error }, 'reason why the certificate could not be obtained');
      return delayMs;
    }
  }

  async #obtain(domains: readonly string[]): Promise<void> {
    const { certificate, type } = await this.#order(domains);
    this.#abort.signal.throwIfAborted();
    // Otherwise it would be requested again at once.
    if (!domains.every((name) => coversName(certificate, name))) throw new Error('The certificate is for other names');
    this.#types = [type, ...this.#options.challengeTypes.filter((other) => other !== type)];
    this.#current = certificate;
    this.#isTemporary = false;
    this.#onChange(certificate);
    this.#options.log.info({ domains, expires: dateOf(certificate.notAfterMs), by: type }, 'certificate obtained');
    await this.#store(certificate);
  }

  /** Names that can be validated should not suffer from those that cannot. Never rejects. */
  async #obtainWithout(failed: readonly string[]): Promise<void> {
    const { domains, log, clock } = this.#options;
    const rest = domains.filter((name) => !failed.includes(name));
    if (failed.length === 0 || rest.length === 0 || this.#abort.signal.aborted) return;
    const isGood = !this.#isTemporary && rest.every((name) => coversName(this.#current, name));
    const isForFailed = failed.some((name) => coversName(this.#current, name));
    if (isGood && clock.wallNow() < this.#partMs(isForFailed ? GIVE_UP_AFTER : this.#renewAfter)) return;
    try {
      await this.#obtain(rest);
    } catch (error) {
      log.debug({ err: error, domains: rest }, 'reason why the certificate could not be obtained');
      const more = namesIn(error).filter((name) => !failed.includes(name));
      if (more.length > 0) await this.#obtainWithout([...failed, ...more]);
    }
  }

  /** Uses the first challenge type that works. */
  async #order(domains: readonly string[]): Promise<{ certificate: Certificate; type: ChallengeType }> {
    const { directoryUrl, email, caPem, challenges, clock } = this.#options;
    const { signal } = this.#abort;
    const acme = await loadAcme(caPem);
    const accountKeyPem = await this.#accountKey(acme);
    const failed: AcmeError[] = [];
    for (const challengeType of this.#types) {
      try {
        const order = { acme, directoryUrl, accountKeyPem, email, domains, challengeType, challenges, clock, signal };
        return { certificate: readCertificate(await orderCertificate(order)), type: challengeType };
      } catch (error) {
        if (!(error instanceof AcmeError) || (!isChallengeError(error) && failed.length === 0)) throw error;
        failed.push(error);
        if (!isChallengeError(error)) break;
      }
    }
    throw new AggregateError(failed);
  }

  async #accountKey(acme: Acme): Promise<string> {
    const file = join(this.#options.directory, 'account.pem');
    const stored = await readIfThere(file);
    if (stored !== undefined) return stored;
    const made = (await acme.crypto.createPrivateEcdsaKey()).toString();
    await writePrivate(file, made);
    return made;
  }

  async #store(certificate: Certificate): Promise<void> {
    const file = fileOf(this.#options);
    try {
      await storeCertificate(file, certificate);
    } catch (error) {
      this.#options.log.error({ file, error: String(error) }, 'the certificate cannot be stored for the next start');
    }
  }
}

function fileOf({ directory, domains }: AcmeCertificateOptions): string {
  return join(directory, `${domains[0]}.pem`);
}
