import { X509Certificate } from 'node:crypto';
import { CipherContext, DtlsClient, HashAlgorithm, NamedCurveAlgorithm, SignatureAlgorithm } from 'werift';
import { type Fingerprint, fingerprintOf } from '../../src/rtc/dtls/certificate.ts';

export interface ClientIdentity {
  readonly certPem: string;
  readonly keyPem: string;
  readonly signatureHash: { hash: 4; signature: 1 | 3 };
  readonly fingerprint: Fingerprint;
}

export async function createIdentity(kind: 'ecdsa' | 'rsa' = 'ecdsa'): Promise<ClientIdentity> {
  const signatureHash = {
    hash: HashAlgorithm.sha256_4,
    signature: kind === 'rsa' ? SignatureAlgorithm.rsa_1 : SignatureAlgorithm.ecdsa_3,
  };
  const { certPem, keyPem } = await CipherContext.createSelfSignedCertificateWithKey(
    signatureHash,
    NamedCurveAlgorithm.secp256r1_23,
  );
  return { certPem, keyPem, signatureHash, fingerprint: fingerprintOf(new X509Certificate(certPem).raw, 'sha-256') };
}

/** werift's DTLS client, which sends through `send`. Incoming datagrams go into `receive`. */
export function createClient(
  identity: ClientIdentity,
  send: (datagram: Buffer) => void,
  srtpProfiles: (1 | 7)[] = [1, 7],
) {
  const client = new DtlsClient({
    cert: identity.certPem,
    key: identity.keyPem,
    signatureHash: identity.signatureHash,
    srtpProfiles,
    extendedMasterSecret: true,
    transport: {
      type: 'udp',
      address: { address: '', family: '', port: 0 },
      closed: false,
      onData: () => {},
      send: async (datagram) => send(datagram),
      close: async () => {},
    },
  });
  let stopped = false;
  return {
    client,
    receive: (datagram: Buffer) => {
      if (!stopped) client.transport.socket.onData(datagram, ['', 0]);
    },
    /** Ends its retransmissions, and begins no more. */
    stop: () => {
      stopped = true;
      // A pending operation inside would begin a new flight and repeat it for half a minute.
      Object.defineProperty(client.dtls, 'flight', { get: () => 99, set: () => {} });
    },
  };
}
