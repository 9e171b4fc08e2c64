import { test } from 'tap';
import { signatures } from 'werift';
import { offerEverySignature } from '../../../src/rtc/dtls/offered-signatures.ts';
import { SIGNATURE_SCHEMES } from '../../../src/rtc/dtls/peer-verification.ts';

const offered = () => signatures.map(({ hash, signature }) => hash * 256 + signature);

test('each scheme we can verify is offered once, after those that were offered before', (t) => {
  const before = offered();
  offerEverySignature();
  offerEverySignature();
  t.same(offered().slice(0, before.length), before);
  t.equal(new Set(offered()).size, offered().length);
  for (const scheme of SIGNATURE_SCHEMES.keys()) t.ok(offered().includes(scheme), `0x${scheme.toString(16)}`);
  t.end();
});
