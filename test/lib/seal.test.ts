import { test } from 'tap';
import { Seal } from '../../src/lib/seal.ts';

const SECRET = 'a secret that is long enough for it';

test('what was sealed opens with the same secret, purpose and context, and never otherwise', (t) => {
  const seal = new Seal(SECRET, 'tests');
  const sealed = seal.seal('Zoë kept out', 'bans b1');
  t.match(sealed, /^[\w-]+$/);
  t.equal(new Seal(SECRET, 'tests').open(sealed, 'bans b1'), 'Zoë kept out');
  t.not(seal.seal('Zoë kept out', 'bans b1'), sealed, 'the same text is not recognized');
  t.equal(seal.open(sealed, 'bans b2'), undefined);
  t.equal(seal.open(sealed), undefined);
  t.equal(new Seal(SECRET, 'other tests').open(sealed, 'bans b1'), undefined);
  t.equal(new Seal(`${SECRET}.`, 'tests').open(sealed, 'bans b1'), undefined);
  t.equal(seal.open(seal.seal('')), '');
  t.end();
});

test('damaged, cut and invented texts do not open, and do not throw', (t) => {
  const seal = new Seal(SECRET, 'tests');
  const sealed = Buffer.from(seal.seal('text'), 'base64url');
  for (let i = 0; i < sealed.length; i++) {
    const damaged = Buffer.from(sealed);
    damaged[i]! ^= 1;
    t.equal(seal.open(damaged.toString('base64url')), undefined, `byte ${i}`);
    t.equal(seal.open(sealed.subarray(0, i).toString('base64url')), undefined, `${i} bytes`);
  }
  t.equal(seal.open('?!'), undefined);
  t.end();
});
