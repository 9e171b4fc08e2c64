import type { HealthProblem } from '../../http/health.ts';
import type { Certificate } from './certificate.ts';

/** The source of the page's certificate. */
export interface CertificateSource {
  /** The certificate to present now. */
  readonly current: Certificate;
  /** A problem for the operator; undefined if there is none. */
  readonly problem: HealthProblem | undefined;
  /** Failed attempts to obtain one; undefined if none are made. */
  readonly failures?: number;
  /**
   * From now on `onChange` receives each new certificate. Resolves when there is one to present, or when there will be
   * none for a while.
   */
  start(onChange: (certificate: Certificate) => void): Promise<void>;
  /** The operator signals a change (SIGHUP). The result is logged; false if there is nothing to do. */
  reload(): boolean;
  /** Stops polling, requests and timers. Idempotent. */
  close(): void;
}
