import type { HealthProblem } from '../../http/health.ts';
import { dateOf, type Millis } from '../../lib/clock.ts';
import type { Certificate } from './certificate.ts';

const DAY_MS: Millis = 86_400_000;
/** A sixth of the lifetime left (renewal is due at a third), but never more than this. */
const MAX_SOON_MS: Millis = 14 * DAY_MS;
const SOON_PART = 1 / 6;

/** A problem if the certificate is invalid or about to expire. `remedy` is a sentence on the cause or what to do. */
export function certificateProblem(
  certificate: Pick<Certificate, 'names' | 'notBeforeMs' | 'notAfterMs'>,
  nowMs: Millis,
  remedy: string,
): HealthProblem | undefined {
  const { names, notBeforeMs, notAfterMs } = certificate;
  const leftMs = notAfterMs - nowMs;
  const subject = `The certificate of ${names[0] ?? 'the page'}`;
  if (leftMs <= 0) {
    const message = `${subject} expired on ${dayOf(notAfterMs)}. ${remedy}`;
    return { code: 'certificate_expired', message };
  }
  if (nowMs < notBeforeMs) {
    const message = `${subject} is valid from ${dayOf(notBeforeMs)}, but the clock of this machine shows ${dayOf(nowMs)}. Set the clock.`;
    return { code: 'certificate_not_yet_valid', message };
  }
  if (leftMs > Math.min(MAX_SOON_MS, (notAfterMs - notBeforeMs) * SOON_PART)) return undefined;
  return { code: 'certificate_expiring', message: `${subject} expires on ${dayOf(notAfterMs)}. ${remedy}` };
}

/** `2026-11-21` */
function dayOf(wallMs: Millis): string {
  return dateOf(wallMs).toISOString().slice(0, 10);
}
