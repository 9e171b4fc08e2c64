import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'tap';
import { freePort } from '../../bench/lib/free-port.ts';
import { defaultConfig } from '../../src/config/config.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { checkHttps } from '../../src/main/check/https.ts';
import { checkPorts } from '../../src/main/check/ports.ts';
import { makeSelfSigned } from '../../src/server/tls/self-signed.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { startSecureServer } from '../helpers/secure-server.ts';

const DAY_MS = 86_400_000;
const CONFIG = { ...defaultConfig({ cores: 1 }), workers: 1, mediaHost: ['127.0.0.1'], mediaPort: 0, port: 0 };

test('certificate files are checked as the server would do it, and for the names of the page', async (t) => {
  const clock = new FakeClock();
  const directory = t.testdir();
  const [tlsCert, tlsKey] = [join(directory, 'cert.pem'), join(directory, 'key.pem')];
  const { chainPem, keyPem } = await makeSelfSigned(['talk.example.org', '*.lan'], clock.wallNow());
  writeFileSync(tlsCert, chainPem);
  writeFileSync(tlsKey, keyPem);
  const result = async (settings: Partial<typeof CONFIG> = {}) =>
    checkHttps({ config: { ...CONFIG, tlsCert, tlsKey, ...settings }, clock });
  t.match(await result({ allowHosts: ['talk.example.org', 'den.lan'] }), [
    { name: 'tls-cert', status: 'ok', text: 'The certificate is valid for 820 more days.' },
  ]);
  t.match(await result({ allowHosts: ['voice.example.org'] }), [
    { status: 'fail', text: /does not cover voice.example.org/ },
  ]);
  t.match(await result({ tlsKey: tlsCert }), [{ status: 'fail', text: /No PEM private key/ }]);
  t.match(await result({ tlsKey: '/nowhere' }), [{ status: 'fail', text: /tls-key file cannot be read/ }]);
  clock.advance(810 * DAY_MS);
  t.match(await result(), [{ status: 'warn', text: 'The certificate expires in 10 days. Renew it.' }]);
  clock.advance(20 * DAY_MS);
  t.match(await result(), [{ status: 'fail', text: /has expired/ }]);
});

test('for a domain, the check says what to do if it cannot be reached, or if another certificate is there', async (t) => {
  const config = { ...CONFIG, domain: ['localhost'] };
  t.match(await checkHttps({ config, clock: systemClock }, await freePort()), [
    { name: 'https://localhost', status: 'warn', text: /ECONNREFUSED.*the firewall and the router allow TCP port 443/ },
  ]);
  const server = await startSecureServer(['--tls', 'self-signed', '--port', '0', '--data-dir', t.testdir()]);
  t.teardown(() => server.close());
  t.match(await checkHttps({ config, clock: systemClock }, server.port), [
    { status: 'fail', text: /Browsers reject the certificate.*Its log says why/ },
  ]);
  t.match(await checkHttps({ config: { ...CONFIG, tls: 'self-signed' }, clock: systemClock }), [
    { status: 'ok', text: /browsers show a warning/ },
  ]);
});

test('the port for plain HTTP can be opened, or is in use by the server itself or by another program', async (t) => {
  const result = async (port: number, httpPort: number) => {
    const settings = { tls: 'self-signed', host: '127.0.0.1', port, httpPort } as const;
    return (await checkPorts({ config: { ...CONFIG, ...settings }, clock: systemClock }))[1];
  };
  t.match(await result(0, await freePort()), { name: 'plain HTTP port', status: 'ok', text: /is free/ });
  const other = createTcpServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  t.teardown(() => other.close());
  const taken = (other.address() as AddressInfo).port;
  t.match(await result(0, taken), {
    status: 'fail',
    text: /in use by another program. Choose another port with --http-port/,
  });
  const httpPort = await freePort();
  const flags = ['--tls', 'self-signed', '--port', '0', '--http-port', String(httpPort), '--data-dir', t.testdir()];
  const server = await startSecureServer(flags);
  t.teardown(() => server.close());
  t.match(await result(server.port, httpPort), { status: 'ok', text: /by the running Partyline/ });
});
