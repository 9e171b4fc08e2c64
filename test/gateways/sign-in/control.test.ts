import Koa from 'koa';
import pino from 'pino';
import { type Test, test } from 'tap';
import { createSignIn, type SignInSettings } from '../../../src/gateways/sign-in/control.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { TrustedProxies } from '../../../src/lib/net/client-address.ts';
import { AccessControl } from '../../../src/rooms/access.ts';
import { AddressLimits } from '../../../src/rooms/address-limits.ts';
import { type Account, CLIENT_ID, CLIENT_SECRET, openOrigin, realProvider, SimpleBrowser } from '../../helpers/oidc.ts';

const SECRET = 'a secret that is long enough to sign with';
const RULES = {
  nameClaim: 'name',
  groupsClaim: 'groups',
  rooms: ['Staff/Office=staff'],
  moderators: ['staff'],
};
const ADA: Account = { id: 'ada-1', claims: { name: 'Ada', groups: ['members', 'staff'] } };
const BOB: Account = { id: 'bob-2', claims: { name: 'Bob', groups: ['members'] } };

async function setUp(t: Test, { inIdToken = true, ...more }: Partial<SignInSettings> & { inIdToken?: boolean } = {}) {
  const page = await openOrigin(t);
  const site = await openOrigin(t);
  const redirectUri = `${page.url}/sign-in/callback`;
  const who = { account: BOB };
  const newProvider = () => realProvider(site.url, { account: () => who.account, redirectUri, inIdToken });
  site.answer = await newProvider();
  const access = new AccessControl({
    mode: 'token',
    tokenSecret: SECRET,
    roomPasswords: {},
    clock: systemClock,
    registeredNames: { 'user-1': 'Zoe' },
  });
  t.teardown(() => access.close());
  const lines: Record<string, unknown>[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const settings = {
    issuer: site.url,
    clientId: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
    scopes: 'openid profile',
    label: 'Forum',
    pageUrl: page.url,
    secret: SECRET,
    rules: RULES,
    ...more,
  };
  const app = new Koa();
  const addresses = new AddressLimits(
    { maxConnectionsPerAddress: 0, maxJoinsPerMinute: 0, maxFailedJoinsPerMinute: 10 },
    systemClock,
  );
  app.use(createSignIn({ settings, access, addresses, proxies: new TrustedProxies([]), clock: systemClock, log }));
  page.answer = app.callback();
  const isRoom = (url: string) => url.startsWith(`${page.url}/room/`);
  const signIn = (room: string, browser = new SimpleBrowser()) =>
    browser.open(`${page.url}/sign-in?room=${encodeURIComponent(room)}`, isRoom);
  /** What the token in this address grants in the room. */
  const admitted = (url: string, room: string) =>
    access.admit({ room, token: new URLSearchParams(new URL(url).hash.slice(1)).get('token') ?? '' }, () => true);
  return { page, site, who, newProvider, signIn, admitted, isRoom, lines };
}

test('who signs in gets a join token with their name and their rights', async (t) => {
  const { page, who, signIn, admitted, lines } = await setUp(t);
  const bob = await signIn('Games/Go ä');
  t.equal(new URL(bob.url).pathname, '/room/Games/Go%20%C3%A4');
  t.match(await admitted(bob.url, 'games/go-ä'), { identity: 'oidc:bob-2', name: 'Bob', mayModerate: false });
  await t.rejects(admitted(bob.url, 'other'), { code: 'token_invalid' });

  const refused = await signIn('staff/office');
  t.equal(refused.response.status, 403);
  t.equal(await refused.response.text(), 'You are not allowed to do this. Your account may not join this room.\n');

  who.account = ADA;
  const ada = await signIn('Staff/Office');
  t.match(await admitted(ada.url, 'Staff/Office'), { identity: 'oidc:ada-1', name: 'Ada', mayModerate: true });
  t.ok(ada.url.startsWith(`${page.url}/room/`));
  t.equal(lines.filter(({ msg }) => msg === 'signed in').length, 2);
  t.notOk(JSON.stringify(lines).includes('eyJ'), 'no token is logged');
});

test('claims that are not in the ID token are asked for, and a name of somebody else is left out', async (t) => {
  const { who, signIn, admitted } = await setUp(t, { inIdToken: false });
  who.account = ADA;
  t.match(await admitted((await signIn('staff/office')).url, 'staff/office'), { name: 'Ada', mayModerate: true });
  who.account = { id: 'mallory', claims: { name: 'z o e', groups: [] } };
  t.match(await admitted((await signIn('lobby')).url, 'lobby'), { identity: 'oidc:mallory', name: null });
});

test('the provider may change its keys', async (t) => {
  const { site, newProvider, signIn, admitted } = await setUp(t);
  t.match(await admitted((await signIn('lobby')).url, 'lobby'), { name: 'Bob' });
  site.answer = await newProvider();
  const { now } = Date;
  // Keys that are not known yet are looked for once a minute.
  Date.now = () => now() + 61_000;
  t.teardown(() => {
    Date.now = now;
  });
  const { response } = await signIn('lobby');
  Date.now = now;
  t.match(response.headers.get('location'), /^http:\/\/127\.0\.0\.1:\d+\/room\/lobby#token=/);
});

test('nobody gets in by an answer that is not for them, and nobody is led elsewhere', async (t) => {
  const { page, site, signIn, isRoom } = await setUp(t);
  const browser = new SimpleBrowser();
  const isCallback = (url: string) => url.startsWith(`${page.url}/sign-in/callback`);
  const { url } = await browser.open(`${page.url}/sign-in?room=lobby`, isCallback);
  const cookies = browser.cookies.get(page.url)!;
  const statusOf = async (callback: string, by: SimpleBrowser) => (await by.open(callback, isRoom)).response.status;

  t.equal(await statusOf(url, new SimpleBrowser()), 403, 'another browser');
  const forged = new SimpleBrowser();
  const sealed = cookies.get('partyline-sign-in')!;
  const other = `${sealed.startsWith('A') ? 'B' : 'A'}${sealed.slice(1)}`;
  forged.cookies.set(page.url, new Map([['partyline-sign-in', other]]));
  t.equal(await statusOf(url, forged), 403, 'a forged cookie');
  const otherState = new URL(url);
  otherState.searchParams.set('state', 'other');
  const copy = new SimpleBrowser();
  copy.cookies.set(page.url, new Map(cookies));
  t.equal(await statusOf(otherState.href, copy), 403, 'another state');
  t.equal(await statusOf(`${page.url}/sign-in/callback?error=access_denied`, copy), 403);

  const right = new SimpleBrowser();
  right.cookies.set(page.url, new Map(cookies));
  t.equal(await statusOf(url, right), 303);
  t.equal(right.cookies.get(page.url)!.get('partyline-sign-in'), '', 'the cookie is over');
  right.cookies.set(page.url, new Map(cookies));
  t.equal(await statusOf(url, right), 403, 'the code is used up');

  for (const room of ['//evil.example', '/\\evil.example', 'https://evil.example/x', '..', '']) {
    const { response, url: at } = await signIn(room);
    const ok = response.status === 400 || at.startsWith(`${page.url}/room/`);
    t.ok(ok, `${room}: ${response.status} ${at}`);
  }
  site.answer = (_, response) => void response.writeHead(500).end();
});

test('behind HTTPS the cookie is one that no other host can have set', async (t) => {
  const { page } = await setUp(t, { pageUrl: 'https://voice.example' });
  const begun = await fetch(`${page.url}/sign-in?room=lobby`, { redirect: 'manual' });
  const [cookie = ''] = begun.headers.getSetCookie();
  t.match(cookie, /^__Host-partyline-sign-in=[\w-]+; Max-Age=600; Path=\/; HttpOnly; SameSite=Lax; Secure$/);
  const answerTo = async (cookie: string) =>
    (await fetch(`${page.url}/sign-in/callback?error=access_denied`, { headers: { cookie } })).text();
  t.match(await answerTo(cookie.replace('__Host-', '')), 'begun in another window', 'a name that others can set');
  t.notMatch(await answerTo(cookie), 'begun in another window');
});

test('the cookie cannot be read by scripts, and is for the sign-in only', async (t) => {
  const { page } = await setUp(t);
  const response = await fetch(`${page.url}/sign-in?room=lobby`, { redirect: 'manual' });
  const [cookie = ''] = response.headers.getSetCookie();
  t.match(cookie, /^partyline-sign-in=[\w.-]+; Max-Age=600; Path=\/sign-in; HttpOnly; SameSite=Lax$/);
  t.equal(response.headers.get('cache-control'), 'no-store');
  const to = new URL(response.headers.get('location')!);
  t.equal(to.searchParams.get('code_challenge_method'), 'S256');
  t.equal(to.searchParams.get('redirect_uri'), `${page.url}/sign-in/callback`);
  t.ok(to.searchParams.get('state') && to.searchParams.get('nonce'));
  t.notOk(to.href.includes(CLIENT_SECRET));
  t.same(await (await fetch(`${page.url}/sign-in/offer`)).json(), { label: 'Forum' });
  t.equal((await fetch(`${page.url}/sign-in/else`)).status, 404);
  t.equal((await fetch(`${page.url}/sign-in`, { method: 'POST' })).status, 405);
});

test('a provider that does not answer, or never stops, is a problem of the sign-in only', async (t) => {
  const { page, site, newProvider, lines } = await setUp(t);
  const begin = async () => (await fetch(`${page.url}/sign-in?room=lobby`, { redirect: 'manual' })).status;
  let asked = 0;
  site.answer = (_, response) => {
    asked++;
    response.writeHead(200, { 'content-type': 'application/json' });
    const more = () => {
      while (!response.destroyed && response.write('x'.repeat(65_536)));
    };
    response.on('drain', more);
    more();
  };
  t.equal(await begin(), 403);
  t.equal(await begin(), 403);
  t.equal(asked, 1, 'it is not asked for everybody');
  t.match(
    lines.filter(({ msg }) => msg === 'sign-in failed'),
    [{ level: 40 }, {}],
  );
  site.answer = await newProvider();
});

test('the provider is asked only so often for an address whose answers are wrong', async (t) => {
  const { page, site, newProvider, signIn, isRoom } = await setUp(t);
  for (let n = 0; n < 12; n++) t.ok(isRoom((await signIn('lobby')).url), 'who signs in is no guesser');
  const begun = await fetch(`${page.url}/sign-in?room=lobby`, { redirect: 'manual' });
  const state = new URL(begun.headers.get('location')!).searchParams.get('state');
  const [cookie = ''] = begun.headers.getSetCookie();
  let asked = 0;
  const provider = await newProvider();
  site.answer = (request, response) => {
    if (request.method === 'POST') asked++;
    provider(request, response);
  };
  const callback = `${page.url}/sign-in/callback?code=guessed&state=${state}&iss=${encodeURIComponent(site.url)}`;
  const statuses: number[] = [];
  for (let n = 0; n < 15; n++) statuses.push((await fetch(callback, { headers: { cookie } })).status);
  t.same(statuses, [...Array(10).fill(403), ...Array(5).fill(429)]);
  t.equal(asked, 10);
});
