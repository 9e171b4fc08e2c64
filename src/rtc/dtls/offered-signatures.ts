import { signatures } from 'werift';
import { SIGNATURE_SCHEMES } from './peer-verification.ts';

/**
 * werift asks the peer for its own signature type only, from a list that it exports; this server can verify more. The
 * values are those of RFC 8446 section 4.2.3.
 */
export function offerEverySignature(): void {
  const offered: { hash: number; signature: number }[] = signatures;
  for (const scheme of SIGNATURE_SCHEMES.keys()) {
    const [hash, signature] = [scheme >> 8, scheme & 0xff];
    const isOffered = offered.some((one) => one.hash === hash && one.signature === signature);
    if (!isOffered) offered.push({ hash, signature });
  }
}
