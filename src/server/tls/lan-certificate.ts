/** A certificate of the server's own making, for a local network. */
import type { HealthProblem } from '../../http/health.ts';
import { type Cancel, dateOf, type Millis } from '../../lib/clock.ts';
import type { Certificate } from './certificate.ts';
import { certificateProblem } from './certificate-status.ts';
import { type StoredSelfSignedOptions, storedSelfSigned } from './self-signed.ts';
import type { CertificateSource } from './source.ts';

const LOOK_INTERVAL_MS: Millis = 6 * 3_600_000;

export class LanCertificate implements CertificateSource {
  readonly #options: StoredSelfSignedOptions;
  #current: Certificate;
  #cancel: Cancel = () => {};
  #closed = false;

  private constructor(options: StoredSelfSignedOptions, certificate: Certificate) {
    this.#options = options;
    this.#current = certificate;
  }

  /** Rejects if it cannot be kept. */
  static async open(options: StoredSelfSignedOptions): Promise<LanCertificate> {
    return new LanCertificate(options, await storedSelfSigned(options));
  }

  get current(): Certificate {
    return this.#current;
  }

  get problem(): HealthProblem | undefined {
    return certificateProblem(this.#current, this.#options.clock.wallNow(), 'A new one cannot be stored; see the log.');
  }

  async start(onChange: (certificate: Certificate) => void): Promise<void> {
    this.#tell();
    this.#schedule(onChange);
  }

  reload(): boolean {
    return false;
  }

  close(): void {
    this.#closed = true;
    this.#cancel();
  }

  #schedule(onChange: (certificate: Certificate) => void): void {
    if (this.#closed) return;
    const { clock } = this.#options;
    this.#cancel = clock.setTimer(clock.now() + LOOK_INTERVAL_MS, () => {
      void this.#renew(onChange).finally(() => this.#schedule(onChange));
    });
  }

  /** Only when it is about to expire: a new one has to be accepted by everybody again. */
  async #renew(onChange: (certificate: Certificate) => void): Promise<void> {
    try {
      const certificate = await storedSelfSigned(this.#options);
      if (this.#closed || certificate.fingerprint === this.#current.fingerprint) return;
      this.#current = certificate;
      onChange(certificate);
      this.#tell();
    } catch (error) {
      this.#options.log.error({ error: String(error) }, 'the self-signed certificate cannot be renewed');
    }
  }

  #tell(): void {
    const { names, fingerprint, notAfterMs } = this.#current;
    this.#options.log.warn(
      { fingerprint, names, expires: dateOf(notAfterMs) },
      'the certificate is self-signed: browsers warn once; compare its SHA-256 fingerprint, then continue',
    );
  }
}
