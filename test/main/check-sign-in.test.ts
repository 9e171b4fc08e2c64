import { test } from 'tap';
import { freePort } from '../../bench/lib/free-port.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { checkSignIn } from '../../src/main/check/sign-in.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { CLIENT_ID, CLIENT_SECRET, openOrigin, realProvider } from '../helpers/oidc.ts';
import { configOf } from '../helpers/running-server.ts';

const REDIRECT_URI = 'https://voice.example.org/sign-in/callback';

function configWith(issuer: string, { id = CLIENT_ID, secret = CLIENT_SECRET } = {}) {
  return configOf([
    ...['--oidc-issuer', issuer, '--oidc-client-id', id, '--oidc-client-secret', secret],
    ...['--oidc-page-url', 'https://voice.example.org', '--token-secret', 'a secret that is long enough to sign with'],
  ]);
}

const check = (...settings: Parameters<typeof configWith>) =>
  checkSignIn({ config: configWith(...settings), clock: systemClock });

test('a provider says whether it knows this server', async (t) => {
  const site = await openOrigin(t);
  site.answer = await realProvider(site.url, { account: () => ({ id: 'ada', claims: {} }), redirectUri: REDIRECT_URI });
  const known = `${site.url} answers and knows this server. It must allow the redirect URI ${REDIRECT_URI}.`;
  t.match(await check(site.url), [{ name: 'sign-in', status: 'ok', text: known }]);
  for (const wrong of [{ secret: 'another secret' }, { id: 'another client' }])
    t.match(await check(site.url, wrong), [
      { status: 'warn', text: /does not know this server\. Check oidc-client-id/ },
    ]);
  t.strictSame(await checkSignIn({ config: configOf([]), clock: systemClock }), []);
});

test('a provider that is none, is not there, or says nothing, is a warning', async (t) => {
  const site = await openOrigin(t);
  t.match(await check(site.url), [{ status: 'warn', text: /^Nobody can sign in: / }]);
  t.match(await check(`http://127.0.0.1:${await freePort()}`), [{ status: 'warn', text: /ECONNREFUSED/ }]);
  let asked: () => void = () => {};
  const isAsked = new Promise<void>((resolve) => (asked = resolve));
  site.answer = () => asked();
  const clock = new FakeClock();
  const checked = checkSignIn({ config: configWith(site.url), clock });
  await isAsked;
  clock.advance(5000);
  t.match(await checked, [{ status: 'warn', text: /no answer/ }]);
});
