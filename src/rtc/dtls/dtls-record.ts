/** The unencrypted part of the DTLS 1.2 record layer (RFC 6347 section 4.1). */
import { readUint16 } from '../../lib/bytes.ts';

export const DTLS_RECORD_HEADER = 13;
export const DTLS_1_2 = 0xfefd;

/** RFC 5246 section 6.2.1. */
export const CONTENT_TYPE = { changeCipherSpec: 20, alert: 21, handshake: 22, applicationData: 23 } as const;

/** Where the record at `at` ends, or -1 if there is no whole DTLS 1.x record of a known content type. */
export function dtlsRecordEnd(datagram: Uint8Array, at: number): number {
  if (at + DTLS_RECORD_HEADER > datagram.length) return -1;
  const type = datagram[at]!;
  if (type < CONTENT_TYPE.changeCipherSpec || type > CONTENT_TYPE.applicationData || datagram[at + 1] !== 0xfe)
    return -1;
  const end = at + DTLS_RECORD_HEADER + readUint16(datagram, at + 11);
  return end > datagram.length ? -1 : end;
}

/** The epoch of the record at `at`; 0 is before the keys, unencrypted. */
export function dtlsRecordEpoch(datagram: Uint8Array, at: number): number {
  return readUint16(datagram, at + 3);
}

/** Whether the datagram contains a whole record of at least this epoch. */
export function hasDtlsRecord(datagram: Uint8Array, leastEpoch: 0 | 1): boolean {
  for (let at = 0; at < datagram.length; ) {
    const end = dtlsRecordEnd(datagram, at);
    if (end < 0) return false;
    if (dtlsRecordEpoch(datagram, at) >= leastEpoch) return true;
    at = end;
  }
  return false;
}

/** A record of DTLS 1.2 around a body that is encrypted already, if its epoch asks for that. */
export function dtlsRecord(
  type: number,
  { epoch, sequence }: { readonly epoch: number; readonly sequence: number },
  body: Uint8Array,
): Buffer {
  const record = Buffer.alloc(DTLS_RECORD_HEADER + body.length);
  record.writeUInt8(type, 0);
  record.writeUInt16BE(DTLS_1_2, 1);
  record.writeUInt16BE(epoch, 3);
  record.writeUIntBE(sequence, 5, 6);
  record.writeUInt16BE(body.length, 11);
  record.set(body, DTLS_RECORD_HEADER);
  return record;
}
