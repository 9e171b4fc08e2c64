import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { test } from 'tap';
import { freePort } from '../../bench/lib/free-port.ts';
import { ConfigError, defaultConfig } from '../../src/config/config.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { checkAddresses } from '../../src/main/check/addresses.ts';
import { checkHttps } from '../../src/main/check/https.ts';
import { openFiles, receiveBuffer, timerPrecision } from '../../src/main/check/machine.ts';
import { checkPorts } from '../../src/main/check/ports.ts';
import type { CheckResult } from '../../src/main/check/result.ts';
import { checkTurn } from '../../src/main/check/turn.ts';
import { checkCommand } from '../../src/main/check.ts';
import { Stopwatch } from '../helpers/cpu-time.ts';
import { missingPackages, skipIfMissing } from '../helpers/debian-packages.ts';
import { startServer } from '../helpers/running-server.ts';
import { startTurnServer } from '../helpers/turn-server.ts';

const CONFIG = { ...defaultConfig({ cores: 1 }), workers: 1, mediaHost: ['127.0.0.1'], mediaPort: 0, port: 0 };
const SECRET = 'the secret of both servers';
const clock = systemClock;

function inputWith(settings: Partial<typeof CONFIG>) {
  return { config: { ...CONFIG, ...settings }, clock };
}

function check(...argv: string[]) {
  const flags = ['--port', '0', '--media-host', '127.0.0.1', '--media-port', '0', '--workers', '1', ...argv];
  return checkCommand({ argv: flags, env: {}, machine: { cores: 1 } }, clock);
}

test('the command prints a line for each check, ends within ten seconds, and with 0 if nothing fails', async (t) => {
  const watch = new Stopwatch();
  const { text, exitCode } = await check();
  t.ok(watch.ownMs < 10_000);
  t.equal(exitCode, 0, text);
  for (const name of [
    'settings',
    'HTTP port',
    'media ports',
    'addresses for media',
    'https',
    'access',
    'Opus',
    'timers',
  ])
    t.match(text, new RegExp(`^(ok|warn|fail) +${name}: [A-Z0-9].*\\.$`, 'm'));
  t.match(text, /^ok {4}Opus: The codec loads, encodes and decodes\.$/m);
  t.match(text, /\n\d+ ok, \d+ warn, 0 fail\n$/);
});

test('the command ends with 1 if something fails, and can print JSON', async (t) => {
  const turn = ['--turn-urls', `turn:127.0.0.1:${await freePort()}?transport=tcp`, '--turn-secret', SECRET];
  const { text, exitCode } = await check('--json', ...turn);
  t.equal(exitCode, 1);
  const results = JSON.parse(text) as CheckResult[];
  t.match(
    results.find(({ status }) => status === 'fail'),
    { name: /^TURN/, text: /cannot be reached.*ECONNREFUSED/ },
  );
  t.notMatch(text, SECRET);
});

test('the command refuses wrong settings, and has a help text', async (t) => {
  await t.rejects(check('--port', 'x'), ConfigError);
  await t.rejects(check('--access', 'token'), { message: /token-secret/ });
  const { text, exitCode } = await check('--help');
  t.equal(exitCode, 0);
  t.match(text, /Usage: partyline check/);
  t.notOk(text.split('\n').some((line) => line.length > 100));
});

test('ports in use by another program fail', async (t) => {
  const http = createHttpServer((_, response) => response.end('{}')).listen(0, '127.0.0.1');
  await once(http, 'listening');
  const udp = createSocket('udp4').bind(0, '127.0.0.1');
  await once(udp, 'listening');
  t.teardown(() => {
    http.close();
    udp.close();
  });
  const { port } = http.address() as AddressInfo;
  const [page, media] = await checkPorts(inputWith({ port, mediaPort: udp.address().port }));
  t.match(page, { status: 'fail', text: new RegExp(`Port ${port} .* in use by another program.*--port`) });
  t.match(media, { status: 'fail', text: /UDP port \d+ on 127.0.0.1: the port is in use.*--media-port/ });
  t.match((await checkPorts(inputWith({ mediaHost: ['192.0.2.1'] })))[1], {
    status: 'fail',
    text: /does not have the/,
  });
});

test('a TCP port in use fails or causes a warning if media uses TCP, and does not matter otherwise', async (t) => {
  const tcp = createTcpServer().listen(0, '127.0.0.1');
  await once(tcp, 'listening');
  t.teardown(() => tcp.close());
  const { port: mediaPort } = tcp.address() as AddressInfo;
  t.match((await checkPorts(inputWith({ mediaPort })))[1], { status: 'fail', text: /TCP port/ });
  t.match((await checkPorts(inputWith({ mediaPort, mediaTcp: 'off' })))[1], { status: 'ok' });
  const everywhere = inputWith({ mediaPort, mediaHost: [] });
  t.match((await checkPorts(everywhere))[1], { status: 'warn', text: 'except TCP on 127.0.0.1' });
});

test('ports of a running Partyline are no failure', async (t) => {
  const mediaPort = await freePort();
  const server = await startServer(['--media-port', String(mediaPort)]);
  t.teardown(() => server.close());
  const [page, media, reached] = await checkPorts(inputWith({ port: Number(new URL(server.url).port), mediaPort }));
  t.match(page, { status: 'ok', text: /Partyline test, which is running/ });
  t.match(media, { status: 'ok', text: /in use, apparently by the running Partyline/ });
  const text = `Media is received at udp 127.0.0.1:${mediaPort}, tcp 127.0.0.1:${mediaPort}.`;
  t.match(reached, { name: 'running server', status: 'ok', text });
});

test('if page and media share a port, it is checked only once, whether the server is running or not', async (t) => {
  const port = await freePort();
  const settings = { port, mediaPort: port, workers: 2 };
  const [page, media] = await checkPorts(inputWith(settings));
  t.match(page, { status: 'ok', text: `TCP port ${port} on 127.0.0.1 is free.` });
  const udp = `UDP ports ${port} to ${port + 1}`;
  t.match(media, { status: 'ok', text: `${udp} can be opened. Media over TCP uses the port of the page, ${port}.` });
  const server = await startServer(['--port', String(port), '--media-port', String(port)]);
  t.teardown(() => server.close());
  const [running, used] = await checkPorts(inputWith({ ...settings, workers: 1 }));
  t.match(running, { status: 'ok', text: /Partyline test, which is running/ });
  t.match(used, { status: 'ok', text: /^UDP port \d+: in use, apparently by the running Partyline/ });
});

test('addresses that remote browsers cannot reach cause a warning', async (t) => {
  const of = (announce: string[], mediaHost: string[] = [], local: string[] = []) =>
    checkAddresses(inputWith({ announce, mediaHost }), local);
  const private_ = ['192.168.1.5', '172.20.0.1', '10.1.2.3', 'fd00::1', '100.64.0.9', '127.0.0.1'];
  t.match(await of([], [], private_), { status: 'warn', text: /cannot reach.*--announce PUBLIC-IP/ });
  t.match(await of([], [], [...private_, '203.0.113.7']), { status: 'ok', text: /203\.0\.113\.7/ });
  t.match(await of([], ['127.0.0.1']), { status: 'warn', text: /loopback.*Remove --media-host/ });
  t.match(await of([], [], ['127.0.0.1', '::1']), {
    status: 'warn',
    text: /This machine has only loopback addresses now/,
  });
  t.match(await of(['203.0.113.7:50000'], [], private_), { status: 'ok', text: 'Media addresses: 203.0.113.7.' });
  t.match(await of(['192.168.1.5']), { status: 'warn', text: /only inside your network/ });
  const low = inputWith({ announce: ['192.168.1.5:443'] });
  t.match(await checkAddresses(low), {
    status: 'warn',
    text: /Chromium accepts no media port below 1024 .* does not accept 443/,
  });
  t.match(await of(['localhost']), { status: 'warn', text: /its own machine/ });
  t.match(await of(['no-such-name.invalid']), {
    status: 'fail',
    text: /no-such-name\.invalid cannot be resolved/,
  });
});

test('late timers, small buffers and few open files cause a warning', async (t) => {
  t.match(timerPrecision([...Array<number>(75).fill(1.2)]), { status: 'ok', text: /at most 1\.2 ms late/ });
  t.match(timerPrecision([...Array<number>(74).fill(1.2), 9]), { status: 'warn', text: /at most 9\.0 ms late/ });
  t.match(receiveBuffer(212_992), { status: 'warn', text: /208 KiB.*rmem_max=4194304/ });
  t.match(receiveBuffer(4_194_304), { status: 'ok' });
  const limits = (soft: string) =>
    `Limit  Soft Limit  Hard Limit  Units\nMax open files            ${soft}   4096  files\n`;
  const config = { ...CONFIG, maxConnections: 2000 };
  t.match(openFiles(limits('1024'), config), [
    { status: 'warn', text: /limit is 1024, but --max-connections 2000 may need 6256/ },
  ]);
  t.match(openFiles(limits('524288'), config), [{ status: 'ok' }]);
  t.match(openFiles(limits('unlimited'), config), [{ status: 'ok' }]);
  t.strictSame(openFiles('', config), []);
});

test('a public page without https causes a warning, and the certificate of a named page is checked', async (t) => {
  t.match(await checkHttps(inputWith({})), [{ status: 'ok' }]);
  t.match(await checkHttps(inputWith({ host: '0.0.0.0' })), [{ status: 'warn', text: /reverse proxy with TLS/ }]);
  const named = inputWith({ allowHosts: ['localhost'] });
  t.match(await checkHttps(named, await freePort()), [{ status: 'warn', text: /cannot be reached.*ECONNREFUSED/ }]);
  const [key, cert] = ['key.pem', 'cert.pem'].map((name) => join(t.testdir(), name)) as [string, string];
  const made = [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-subj',
    '/CN=localhost',
    '-keyout',
    key,
    '-out',
    cert,
  ];
  execFileSync('openssl', made, { stdio: 'ignore' });
  const tls = createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }).listen(0);
  tls.on('tlsClientError', () => {});
  await once(tls, 'listening');
  t.teardown(() => tls.close());
  const { port } = tls.address() as AddressInfo;
  t.match(await checkHttps(named, port), [
    { name: 'https://localhost', status: 'fail', text: /reject the certificate/ },
  ]);
});

test('a TURN server that does not answer is told apart from one that answers something else', async (t) => {
  const turnOf = (turnUrls: string[]) => checkTurn(inputWith({ turnUrls, turnSecret: SECRET }));
  const silent = createSocket('udp4').bind(0, '127.0.0.1');
  await once(silent, 'listening');
  const web = createTcpServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(0, '127.0.0.1');
  await once(web, 'listening');
  t.teardown(() => {
    silent.close();
    web.close();
  });
  const { port } = web.address() as AddressInfo;
  const watch = new Stopwatch();
  t.match(
    await turnOf([
      `turn:127.0.0.1:${silent.address().port}`,
      `turn:127.0.0.1:${port}?transport=tcp`,
      `turns:127.0.0.1:${port}`,
      'turn:no-such-name.invalid',
    ]),
    [
      { status: 'fail', text: /cannot be reached: no answer/ },
      { status: 'fail', text: /cannot be reached: the connection was closed/ },
      { status: 'fail', text: /cannot be reached: .*(wrong version number|packet length)/ },
      {
        status: 'fail',
        text: /^The server cannot be reached: (no answer|getaddrinfo (ENOTFOUND|EAI_AGAIN) no-such-name\.invalid)\./,
      },
    ],
  );
  t.ok(watch.ownMs < 6000);
});

test('coturn accepts credentials from the right secret and user, and refuses others', {
  skip: skipIfMissing(missingPackages(['coturn'])),
}, async (t) => {
  const shared = await startTurnServer({
    configuration: ['realm=example.org', 'use-auth-secret', `static-auth-secret=${SECRET}`],
  });
  t.teardown(() => shared.close());
  const fixed = await startTurnServer({ configuration: ['realm=example.org', 'lt-cred-mech', 'user=ada:lovelace'] });
  t.teardown(() => fixed.close());
  for (const transport of ['udp', 'tcp'] as const) {
    const withSecret = (turnSecret: string) => checkTurn(inputWith({ turnUrls: [shared.url(transport)], turnSecret }));
    t.match(await withSecret(SECRET), [{ status: 'ok', text: /answers, accepts the credentials, and relays/ }]);
    t.match(await withSecret(`${SECRET}!`), [{ status: 'fail', text: /answers but rejects the credentials/ }]);
    const withPassword = (turnPassword: string) =>
      checkTurn(inputWith({ turnUrls: [fixed.url(transport)], turnUsername: 'ada', turnPassword }));
    t.match(await withPassword('lovelace'), [{ status: 'ok' }]);
    t.match(await withPassword('byron'), [{ status: 'fail', text: /rejects the credentials/ }]);
  }
});

test('a reverse proxy that is not trusted causes a warning, from the settings and from what the running server has seen', async (t) => {
  const proxied = ['--allow-hosts', 'localhost.invalid'];
  t.match((await check(...proxied)).text, /^warn {2}reverse proxy: .* Set --trust-proxy to the proxy's address/m);
  t.notMatch((await check(...proxied, '--trust-proxy', '127.0.0.1')).text, /^warn {2}reverse proxy:/m);
  const server = await startServer([], { logLevel: 'error' });
  t.teardown(() => server.close());
  await fetch(server.url, { headers: { 'X-Forwarded-For': '203.0.113.9' } });
  const { port } = new URL(server.url);
  t.match((await checkPorts(inputWith({ port: Number(port) }))).at(-1), {
    name: 'running server',
    status: 'warn',
    text: /not in trust-proxy/,
  });
});
