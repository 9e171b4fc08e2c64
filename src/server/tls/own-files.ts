/** The operator's own certificate, in two files that something else renews. */
import { readFile } from 'node:fs/promises';
import type { Logger } from 'pino';
import type { HealthProblem } from '../../http/health.ts';
import { type Cancel, type Clock, dateOf, type Millis } from '../../lib/clock.ts';
import { type Certificate, type PemFiles, readCertificate } from './certificate.ts';
import { certificateProblem } from './certificate-status.ts';
import type { CertificateSource } from './source.ts';

/**
 * Polling is more reliable than notification: it also works for links, renamed directories and network file systems.
 */
const LOOK_INTERVAL_MS: Millis = 10_000;

export interface OwnFileNames {
  readonly certFile: string;
  readonly keyFile: string;
}

export interface OwnFilesOptions extends OwnFileNames {
  readonly clock: Clock;
  readonly log: Logger;
}

export class OwnFiles implements CertificateSource {
  readonly #options: OwnFilesOptions;
  #files: PemFiles;
  #current: Certificate;
  /** Files that could not be used, and why. */
  #bad: { readonly files: PemFiles | undefined; readonly reason: string; readonly logged: boolean } | undefined;
  #onChange: (certificate: Certificate) => void = () => {};
  #cancel: Cancel = () => {};
  #closed = false;

  private constructor(options: OwnFilesOptions, files: PemFiles, certificate: Certificate) {
    this.#options = options;
    this.#files = files;
    this.#current = certificate;
  }

  /** Rejects with an explanatory Error if the files do not contain a certificate with its key. */
  static async open(options: OwnFilesOptions): Promise<OwnFiles> {
    const files = await readBoth(options);
    const certificate = inWords(options, () => readCertificate(files));
    const own = new OwnFiles(options, files, certificate);
    own.#warnOfTime();
    return own;
  }

  get current(): Certificate {
    return this.#current;
  }

  get problem(): HealthProblem | undefined {
    const remedy = this.#bad?.reason ?? `Put a new one into ${this.#options.certFile}.`;
    return certificateProblem(this.#current, this.#options.clock.wallNow(), remedy);
  }

  async start(onChange: (certificate: Certificate) => void): Promise<void> {
    this.#onChange = onChange;
    this.#schedule();
  }

  reload(): boolean {
    void this.#look({ logsAtOnce: true });
    return true;
  }

  close(): void {
    this.#closed = true;
    this.#cancel();
  }

  #schedule(): void {
    if (this.#closed) return;
    const { clock } = this.#options;
    this.#cancel = clock.setTimer(clock.now() + LOOK_INTERVAL_MS, () => {
      void this.#look({ logsAtOnce: false }).finally(() => this.#schedule());
    });
  }

  /** While the two files are being replaced they do not match, so a problem is reported only when it is found twice. */
  async #look({ logsAtOnce }: { logsAtOnce: boolean }): Promise<void> {
    const { certFile, log } = this.#options;
    let files: PemFiles | undefined;
    try {
      files = await readBoth(this.#options);
      if (isSame(files, this.#files)) {
        this.#bad = undefined;
        if (logsAtOnce) log.info({ file: certFile }, 'the certificate is unchanged');
        return;
      }
      const certificate = inWords(this.#options, () => readCertificate(files!));
      if (this.#closed) return;
      this.#files = files;
      this.#current = certificate;
      this.#bad = undefined;
      this.#onChange(certificate);
      log.info({ file: certFile, expires: dateOf(certificate.notAfterMs) }, 'certificate replaced');
      this.#warnOfTime();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const isOld = this.#bad?.reason === reason && isSame(this.#bad.files, files);
      const logged = isOld && this.#bad?.logged === true;
      const logsNow = logsAtOnce || (isOld && !logged);
      if (logsNow) log.error({ reason }, 'the new certificate cannot be used, keeping the previous one');
      this.#bad = { files, reason, logged: logged || logsNow };
    }
  }

  #warnOfTime(): void {
    const { clock, log, certFile } = this.#options;
    const { notBeforeMs, notAfterMs } = this.#current;
    const nowMs = clock.wallNow();
    const fields = { file: certFile, from: dateOf(notBeforeMs), expires: dateOf(notAfterMs) };
    if (nowMs > notAfterMs) log.warn(fields, 'the certificate has expired');
    else if (nowMs < notBeforeMs) log.warn(fields, 'the certificate is not valid yet');
  }
}

/** Rejects with an explanatory Error if the files do not contain a certificate with its key. */
export async function readOwnFiles(names: OwnFileNames): Promise<Certificate> {
  const files = await readBoth(names);
  return inWords(names, () => readCertificate(files));
}

async function readBoth({ certFile, keyFile }: OwnFileNames): Promise<PemFiles> {
  return { chainPem: await read('tls-cert', certFile), keyPem: await read('tls-key', keyFile) };
}

async function read(setting: string, file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`The ${setting} file cannot be read: ${reason}.`, { cause: error });
  }
}

function inWords({ certFile, keyFile }: OwnFileNames, work: () => Certificate): Certificate {
  try {
    return work();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`tls-cert ${certFile} and tls-key ${keyFile} cannot be used: ${reason}`, { cause: error });
  }
}

function isSame(a: PemFiles | undefined, b: PemFiles | undefined): boolean {
  return a?.chainPem === b?.chainPem && a?.keyPem === b?.keyPem;
}
