import type { HealthProblem } from '../../http/health.ts';
import type { Certificate } from './certificate.ts';

/** Where the certificate of the page comes from. */
export interface CertificateSource {
  /** What to show now. */
  readonly current: Certificate;
  /** Why the operator should look after it; undefined if all is well. */
  readonly problem: HealthProblem | undefined;
  /** Attempts to get one that failed; undefined where nothing is got. */
  readonly failures?: number;
  /** From now on `onChange` is told each new certificate. Resolves when there is something to show, or when it is known that there will not be for a while. */
  start(onChange: (certificate: Certificate) => void): Promise<void>;
  /** The operator says that something has changed (SIGHUP). What comes of it is in the log; false if there is nothing to do. */
  reload(): boolean;
  /** Stops looking, asking and waiting. Idempotent. */
  close(): void;
}
