import { test } from 'tap';
import { missingRight } from '../../../src/lib/net/missing-right.ts';

test('below 1024 the message says what helps, and from there on there is no message', (t) => {
  for (const port of [1, 80, 1023]) {
    t.match(missingRight(port), /CAP_NET_BIND_SERVICE/);
    t.match(missingRight(port), `ip_unprivileged_port_start=${port}`);
  }
  for (const port of [0, 1024, 8080]) t.equal(missingRight(port), 'permission denied');
  for (const port of [80, 8080]) t.notMatch(missingRight(port), /\.$/);
  t.end();
});
