import { test } from 'tap';
import { isSameSecret } from '../../src/lib/same-secret.ts';

test('only the same text is the same secret', (t) => {
  t.equal(isSameSecret('secret', 'secret'), true);
  t.equal(isSameSecret('', ''), true);
  for (const other of ['Secret', 'secret ', 'secre', '', 'sécret'])
    t.equal(isSameSecret('secret', other), false, other);
  t.end();
});
