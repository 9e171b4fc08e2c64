import { test } from 'tap';
import { suggest } from '../../src/lib/suggest.ts';

test('the nearest word is suggested, and none if all are too different', (t) => {
  const known = ['host', 'port', 'media-port', 'max-rooms'];
  t.equal(suggest('prot', known), 'port');
  t.equal(suggest('media-prt', known), 'media-port');
  t.equal(suggest('max-room', known), 'max-rooms');
  t.equal(suggest('volume', known), undefined);
  t.equal(suggest('', known), undefined);
  t.end();
});
