import { test } from 'tap';
import { ATTEMPT_LIFETIME_MS, AttemptSeal } from '../../../src/gateways/sign-in/attempt.ts';

const ATTEMPT = { room: 'lobby', state: 's', nonce: 'n', verifier: 'v' };
const NOW = 1_700_000_000_000;

test('only who has the secret reads and makes a sealed attempt, and only for ten minutes', (t) => {
  const seal = new AttemptSeal('a secret');
  const sealed = seal.seal(ATTEMPT, NOW);
  t.same(seal.open(sealed, NOW), ATTEMPT);
  t.same(new AttemptSeal('a secret').open(sealed, NOW + ATTEMPT_LIFETIME_MS - 1), ATTEMPT, 'another server');
  t.equal(seal.open(sealed, NOW + ATTEMPT_LIFETIME_MS), undefined);
  t.equal(new AttemptSeal('another').open(sealed, NOW), undefined);
  t.notOk(Buffer.from(sealed, 'base64url').includes('lobby'), 'the browser cannot read it');
  for (const other of ['', 'x', sealed.slice(0, -3), `${sealed}AAAA`, 'a.b.c.d.e'])
    t.equal(seal.open(other, NOW), undefined);
  t.end();
});
