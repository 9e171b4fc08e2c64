import { test } from 'tap';
import { ATTEMPT_LIFETIME_MS, AttemptSeal } from '../../../src/gateways/sign-in/attempt.ts';

const ATTEMPT = { room: 'lobby', state: 's', nonce: 'n', verifier: 'v' };
const NOW = 1_700_000_000_000;

test('only who has the secret reads and makes a sealed attempt, and only for ten minutes', async (t) => {
  const seal = new AttemptSeal('a secret');
  const sealed = await seal.seal(ATTEMPT, NOW);
  t.same(await seal.open(sealed, NOW), ATTEMPT);
  t.same(await new AttemptSeal('a secret').open(sealed, NOW + ATTEMPT_LIFETIME_MS - 1000), ATTEMPT, 'another server');
  t.equal(await seal.open(sealed, NOW + ATTEMPT_LIFETIME_MS + 1000), undefined);
  t.equal(await new AttemptSeal('another').open(sealed, NOW), undefined);
  t.notOk(Buffer.from(sealed.split('.')[3]!, 'base64url').includes('lobby'), 'the browser cannot read it');
  for (const other of ['', 'x', sealed.slice(0, -3), `${sealed}A`, 'a.b.c.d.e'])
    t.equal(await seal.open(other, NOW), undefined);
});
