/** A self-signed certificate for a local network. */
import type { HealthProblem } from '../../http/health.ts';
import { type Cancel, dateOf, type Millis } from '../../lib/clock.ts';
import type { AddressWatch } from '../../lib/net/address-watch.ts';
import type { Certificate } from './certificate.ts';
import { certificateProblem } from './certificate-status.ts';
import { type LocalNames, type StoredSelfSignedOptions, storedSelfSigned } from './self-signed.ts';
import type { CertificateSource } from './source.ts';

const LOOK_INTERVAL_MS: Millis = 6 * 3_600_000;

export interface LanCertificateOptions extends Omit<StoredSelfSignedOptions, 'names'> {
  /** The machine's current names and addresses. */
  readonly names: () => LocalNames;
  /** Reports when these may have changed. */
  readonly watch: AddressWatch;
}

export class LanCertificate implements CertificateSource {
  readonly #options: LanCertificateOptions;
  #current: Certificate;
  #cancel: Cancel = () => {};
  #cancelWatch: Cancel = () => {};
  #renewed: Promise<void> = Promise.resolve();
  #closed = false;

  private constructor(options: LanCertificateOptions, certificate: Certificate) {
    this.#options = options;
    this.#current = certificate;
  }

  /** Rejects if it cannot be kept. */
  static async open(options: LanCertificateOptions): Promise<LanCertificate> {
    return new LanCertificate(options, await storedSelfSigned({ ...options, names: options.names() }));
  }

  get current(): Certificate {
    return this.#current;
  }

  get problem(): HealthProblem | undefined {
    return certificateProblem(this.#current, this.#options.clock.wallNow(), 'A new one cannot be stored; see the log.');
  }

  async start(onChange: (certificate: Certificate) => void): Promise<void> {
    this.#announce();
    this.#schedule(onChange);
    this.#cancelWatch = this.#options.watch.onChange(() => void this.#renew(onChange));
  }

  reload(): boolean {
    return false;
  }

  close(): void {
    this.#closed = true;
    this.#cancel();
    this.#cancelWatch();
  }

  #schedule(onChange: (certificate: Certificate) => void): void {
    if (this.#closed) return;
    const { clock } = this.#options;
    this.#cancel = clock.setTimer(clock.now() + LOOK_INTERVAL_MS, () => {
      void this.#renew(onChange).finally(() => this.#schedule(onChange));
    });
  }

  /**
   * Makes a new one only if the old one is about to expire or lacks a name, because everyone has to accept the new one
   * in the browser. One at a time.
   */
  #renew(onChange: (certificate: Certificate) => void): Promise<void> {
    this.#renewed = this.#renewed.then(() => this.#renewNow(onChange));
    return this.#renewed;
  }

  async #renewNow(onChange: (certificate: Certificate) => void): Promise<void> {
    if (this.#closed) return;
    try {
      const certificate = await storedSelfSigned({ ...this.#options, names: this.#options.names() });
      if (this.#closed || certificate.fingerprint === this.#current.fingerprint) return;
      this.#current = certificate;
      onChange(certificate);
      this.#announce();
    } catch (error) {
      this.#options.log.error({ error: String(error) }, 'the self-signed certificate cannot be renewed');
    }
  }

  #announce(): void {
    const { names, fingerprint, notAfterMs } = this.#current;
    this.#options.log.warn(
      { fingerprint, names, expires: dateOf(notAfterMs) },
      'the certificate is self-signed: browsers warn once; compare its SHA-256 fingerprint, then continue',
    );
  }
}
