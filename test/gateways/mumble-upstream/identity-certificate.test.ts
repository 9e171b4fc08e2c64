import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { test } from 'tap';
import { identityCertificate } from '../../../src/gateways/mumble-upstream/identity-certificate.ts';

const SECRET = Buffer.alloc(32, 7);
const hashOf = ({ cert }: { cert: string }) => createHash('sha1').update(new X509Certificate(cert).raw).digest('hex');

test('a certificate is the same for ever, because its hash is the identity of a person elsewhere', async (t) => {
  t.equal(hashOf(identityCertificate(SECRET, 'anna')), '7368d81516689a70bb5cdbe952acbb5acc613bbd');
  t.same(identityCertificate(SECRET, 'anna'), identityCertificate(SECRET, 'anna'));
});

test('identities and servers have different ones', async (t) => {
  const hashes = [
    hashOf(identityCertificate(SECRET, 'anna')),
    hashOf(identityCertificate(SECRET, 'ben')),
    hashOf(identityCertificate(Buffer.alloc(32, 8), 'anna')),
  ];
  t.equal(new Set(hashes).size, 3);
});

test('it is a valid certificate with its key, and says nothing of the person', async (t) => {
  const { cert, key } = identityCertificate(SECRET, 'anna');
  const read = new X509Certificate(cert);
  t.ok(read.verify(read.publicKey));
  t.ok(read.checkPrivateKey(createPrivateKey(key)));
  t.equal(read.subject, 'CN=Partyline');
  t.equal(read.validFrom, 'Jan  1 00:00:00 2020 GMT');
  t.equal(read.validTo, 'Dec 31 23:59:59 2049 GMT');
  t.notOk(read.raw.includes('anna'));
});
