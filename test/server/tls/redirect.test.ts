import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Test, test } from 'tap';
import { Challenges } from '../../../src/server/tls/challenges.ts';
import { type RedirectOptions, redirectListener } from '../../../src/server/tls/redirect.ts';

const NAME = 'voice.example.org';

async function setUp(t: Test, options: Partial<RedirectOptions> = {}) {
  const challenges = new Challenges();
  const defaults = { domains: [NAME], allowHosts: [], httpPort: 80, httpsPort: () => 443, challenges };
  const server = createServer(redirectListener({ ...defaults, ...options })).listen(0, '127.0.0.1');
  t.teardown(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const ask = async (host: string, path: string, method = 'GET') => {
    const asked = request({ host: '127.0.0.1', port, path, method, headers: { host }, agent: false }).end();
    const [answer] = await once(asked, 'response');
    answer.resume();
    return { status: answer.statusCode, location: answer.headers.location };
  };
  return { ask, challenges, port };
}

test('visitors are redirected to the same address over HTTPS, whatever they do', async (t) => {
  const { ask } = await setUp(t);
  const location = `https://${NAME}/room/lobby?x=1`;
  t.same(await ask(NAME, '/room/lobby?x=1'), { status: 308, location });
  t.same(await ask(`${NAME}.`, '/room/lobby?x=1', 'POST'), {
    status: 308,
    location: `https://${NAME}./room/lobby?x=1`,
  });
});

test('an IP address redirects to the name in the certificate, another name to nowhere', async (t) => {
  const { ask } = await setUp(t);
  t.same(await ask('203.0.113.7', '/'), { status: 308, location: `https://${NAME}/` });
  t.same(await ask('[2001:db8::7]:80', '/'), { status: 308, location: `https://${NAME}/` });
  for (const host of ['evil.example', `${NAME}.evil.example`, `${NAME}@evil.example`, 'a b'])
    t.same(await ask(host, '/'), { status: 421, location: undefined }, host);
  t.same(
    await ask(NAME, `http://evil.example/`),
    { status: 421, location: undefined },
    'a whole address redirects nowhere either',
  );
  t.same(await ask(NAME, '//evil.example/'), { status: 308, location: `https://${NAME}//evil.example/` });
});

test('without a domain, the requested name is used, if it is allowed', async (t) => {
  const { ask } = await setUp(t, { domains: [], allowHosts: ['talk.lan'], httpsPort: () => 8443 });
  t.same(await ask('talk.lan', '/'), { status: 308, location: 'https://talk.lan:8443/' });
  t.same(await ask('192.168.1.5', '/'), { status: 308, location: 'https://192.168.1.5:8443/' });
  t.same(await ask('evil.example', '/'), { status: 421, location: undefined });
});

test("a visitor forwarded from port 80 to another port is sent to 443, any other to the machine's own port", async (t) => {
  const { ask } = await setUp(t, { httpPort: 8080, httpsPort: () => 8443 });
  t.same(await ask(NAME, '/'), { status: 308, location: `https://${NAME}/` });
  t.same(await ask(`${NAME}:8080`, '/'), { status: 308, location: `https://${NAME}:8443/` });
});

test('the certificate authority can read its proof under any name, as long as the proof is needed', async (t) => {
  const { ask, challenges } = await setUp(t);
  challenges.answerByHttp('token', 'token.thumbprint');
  t.equal((await ask('anything.example', '/.well-known/acme-challenge/token')).status, 200);
  t.equal((await ask(NAME, '/.well-known/acme-challenge/other')).status, 308);
  challenges.clear();
  t.equal((await ask(NAME, '/.well-known/acme-challenge/token')).status, 308);
});
