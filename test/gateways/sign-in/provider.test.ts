import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { type Test, test } from 'tap';
import { SignInProvider } from '../../../src/gateways/sign-in/provider.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { CLIENT_ID, CLIENT_SECRET, openOrigin } from '../../helpers/oidc.ts';

const REDIRECT_URI = 'https://voice.example.org/sign-in/callback';
const RULES = { nameClaim: 'name', groupsClaim: 'groups', rooms: [], moderators: [] };

interface Said {
  /** Changes of the claims of the ID token. */
  readonly claims?: JWTPayload;
  readonly isForged?: boolean;
}

/** A provider that answers what a test wants. */
async function setUp(t: Test) {
  const site = await openOrigin(t);
  const [own, other] = await Promise.all([generateKeyPair('RS256'), generateKeyPair('RS256')]);
  const requests: URLSearchParams[] = [];
  let idToken = '';
  const described = {
    issuer: site.url,
    authorization_endpoint: `${site.url}/authorize`,
    token_endpoint: `${site.url}/token`,
    jwks_uri: `${site.url}/keys`,
  };
  const keys = { keys: [{ ...(await exportJWK(own.publicKey)), kid: '1', alg: 'RS256', use: 'sig' }] };
  let discoveries = 0;
  site.answer = async (request, response) => {
    response.setHeader('content-type', 'application/json');
    if (request.url === '/keys') return void response.end(JSON.stringify(keys));
    if (request.url !== '/token') {
      discoveries++;
      return void response.end(JSON.stringify(described));
    }
    let body = '';
    for await (const chunk of request) body += chunk;
    requests.push(new URLSearchParams(body));
    response.end(JSON.stringify({ access_token: 'a', token_type: 'bearer', id_token: idToken }));
  };
  const clock = new FakeClock();
  const settings = {
    issuer: site.url,
    clientId: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
    scopes: 'openid',
    redirectUri: REDIRECT_URI,
    rules: RULES,
  };
  const provider = new SignInProvider(settings, clock);
  const nowS = (): number => Math.floor(Date.now() / 1000);
  /** Signs in, and the provider says this. */
  const finish = async ({ claims = {}, isForged = false }: Said = {}) => {
    const { attempt } = await provider.begin('lobby');
    const said = { iss: site.url, aud: CLIENT_ID, sub: 'ada', name: 'Ada', nonce: attempt.nonce };
    idToken = await new SignJWT({ ...said, iat: nowS(), exp: nowS() + 300, ...claims })
      .setProtectedHeader({ alg: 'RS256', kid: '1' })
      .sign((isForged ? other : own).privateKey);
    return provider.finish(`?code=c&state=${attempt.state}`, attempt);
  };
  return { provider, finish, nowS, requests, clock, discoveries: () => discoveries };
}

test('what an ID token says is believed if it is for this sign-in, and signed by the provider', async (t) => {
  const { finish, requests } = await setUp(t);
  t.match(await finish(), { sub: 'ada', name: 'Ada' });
  t.match(Object.fromEntries(requests[0]!), {
    grant_type: 'authorization_code',
    code: 'c',
    redirect_uri: REDIRECT_URI,
    client_id: CLIENT_ID,
    client_secret: CLIENT_SECRET,
    code_verifier: /^[\w-]{43}$/,
  });
  for (const claims of [{ nonce: 'other' }, { aud: 'other' }, { iss: 'https://other.example' }])
    await t.rejects(finish({ claims }), JSON.stringify(claims));
  await t.rejects(finish({ isForged: true }), 'signed by somebody else');
});

test('the clocks of the provider and of this server may differ a little', async (t) => {
  const { finish, nowS } = await setUp(t);
  for (const [differenceS, isAccepted] of [
    [15, true],
    [90, false],
  ] as const) {
    for (const claims of [{ exp: nowS() - differenceS }, { nbf: nowS() + differenceS }]) {
      if (isAccepted) t.match(await finish({ claims }), { sub: 'ada' });
      else await t.rejects(finish({ claims }), JSON.stringify(claims));
    }
  }
});

test('the description of the provider is read once an hour', async (t) => {
  const { finish, clock, discoveries } = await setUp(t);
  await finish();
  await finish();
  clock.advance(3_590_000);
  await finish();
  t.equal(discoveries(), 1);
  clock.advance(20_000);
  await finish();
  t.equal(discoveries(), 2);
});
