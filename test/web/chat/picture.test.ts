import fc from 'fast-check';
import { test } from 'tap';
import { fitted, prepare } from '../../../web/app/chat/picture.ts';
import { cases } from '../../helpers/cases.ts';

test('a picture keeps its shape and fits into 1920 pixels; a small one stays as it is', (t) => {
  t.same(fitted(4000, 3000), { width: 1920, height: 1440 });
  t.same(fitted(640, 480), { width: 640, height: 480 });
  t.same(fitted(1, 10_000), { width: 1, height: 1920 });
  const side = fc.integer({ min: 1, max: 20_000 });
  fc.assert(
    fc.property(side, side, (width, height) => {
      const size = fitted(width, height);
      return size.width >= 1 && size.height >= 1 && Math.max(size.width, size.height) <= 1920;
    }),
    { numRuns: cases(200) },
  );
  t.end();
});

test('what is no photograph is sent as it is', async (t) => {
  for (const type of ['image/svg+xml', 'image/gif', 'application/pdf', ''])
    for (const file of [new File(['x'], 'name', { type })])
      t.same(await prepare(file), { name: 'name', content: file });
});
