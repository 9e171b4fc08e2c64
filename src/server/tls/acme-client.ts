/** The only file that depends on acme-client. */
import { Agent } from 'node:https';
import { createSecureContext, rootCertificates } from 'node:tls';
import { AcmeError, problemIn } from './acme-error.ts';

export type Acme = typeof import('acme-client');
export type AcmeClient = InstanceType<Acme['Client']>;

const TIMEOUT_MS = 30_000;
/** A certificate chain has a tenth of this. */
const MAX_ANSWER_BYTES = 262_144;
const MS_PER_S = 1000;

/**
 * acme-client, loaded on demand. By default it retries for as long as a directory says, which may be hours, and
 * discards the type of the error. Here errors are reported at once (as `AcmeError`), and the caller decides. `caPem`: a
 * root to trust besides the public ones. It has one global HTTP client, so these settings apply to the whole process.
 */
export async function loadAcme(caPem: string | undefined): Promise<Acme> {
  const acme = await import('acme-client');
  const { defaults, interceptors } = acme.axios;
  defaults.timeout = TIMEOUT_MS;
  defaults.maxContentLength = MAX_ANSWER_BYTES;
  defaults.headers.common['User-Agent'] = 'partyline';
  // Reading all roots takes a tenth of a second, so it is not done for each connection.
  const trusted = caPem === undefined ? undefined : createSecureContext({ ca: [...rootCertificates, caPem] });
  defaults.httpsAgent = new Agent(trusted === undefined ? {} : { secureContext: trusted });
  interceptors.request.clear();
  interceptors.response.clear();
  interceptors.response.use(
    (response) => {
      const { status, data, headers } = response;
      if (status < 400) return response;
      const problem = problemIn(data);
      // acme-client retries with a new nonce (RFC 8555 section 6.5).
      if (problem?.kind === 'badNonce') return response;
      const details = problem ?? { kind: 'unreachable', detail: `the HTTP status is ${status}` };
      throw new AcmeError({ ...details, retryAfterMs: retryAfterMs(headers['retry-after']) });
    },
    (error: unknown) => {
      const detail = error instanceof Error ? error.message || error.name : String(error);
      const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
      throw new AcmeError({ kind: 'unreachable', detail: detail || (code ?? ''), code }, { cause: error });
    },
  );
  return acme;
}

/** RFC 9110 section 10.2.3, in seconds, which is the form that directories use. */
function retryAfterMs(header: unknown): number | undefined {
  return typeof header === 'string' && /^\d{1,9}$/.test(header) ? Number(header) * MS_PER_S : undefined;
}
