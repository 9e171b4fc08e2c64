import { test } from 'tap';
import { decodedPart } from '../../../src/lib/net/url-part.ts';

test('parts of a path are decoded, and wrong encodings are no text', async (t) => {
  for (const text of ['lobby', 'größer', 'a/b', '100 %']) t.equal(decodedPart(encodeURIComponent(text)), text);
  for (const wrong of ['%', '%zz', '%ff', 'a%e2%82']) t.equal(decodedPart(wrong), undefined, wrong);
});
