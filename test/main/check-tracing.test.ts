import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'tap';
import { freePort } from '../../bench/lib/free-port.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { checkTracing } from '../../src/main/check/tracing.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { startOtlpReceiver } from '../helpers/otlp-receiver.ts';
import { configOf } from '../helpers/running-server.ts';

const check = (url: string) => checkTracing({ config: configOf(['--trace-url', url]), clock: systemClock });

test('a receiver is asked with a request that it takes', async (t) => {
  const receiver = await startOtlpReceiver(t);
  t.match(await check(receiver.url), [{ name: 'traces', status: 'ok', text: `${receiver.url} takes traces.` }]);
  t.strictSame(receiver.refused, []);
  t.match(await check(`${receiver.url}/other`), [
    { status: 'warn', text: /answered with HTTP status 400\. Joins work/ },
  ]);
  t.strictSame(await check(''), []);
});

test('a receiver that is not there, or says nothing, is a warning', async (t) => {
  t.match(await check(`http://127.0.0.1:${await freePort()}/`), [{ status: 'warn', text: /ECONNREFUSED/ }]);
  const silent = createServer(() => {});
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
  t.teardown(() => silent.close());
  const { port } = silent.address() as { port: number };
  const connected = once(silent, 'connection');
  const clock = new FakeClock();
  const config = configOf(['--trace-url', `http://127.0.0.1:${port}/`]);
  const checked = checkTracing({ config, clock });
  const [socket] = await connected;
  t.teardown(() => socket.destroy());
  clock.advance(3000);
  t.match(await checked, [{ status: 'warn', text: /does not answer: no answer in time/ }]);
});
