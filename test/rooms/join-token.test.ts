import { createSecretKey, generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { base64url, CompactSign, SignJWT, UnsecuredJWT } from 'jose';
import { type Test, test } from 'tap';
import { AppError } from '../../src/lib/errors.ts';
import { CLOCK_TOLERANCE_S, createJoinToken, tokenKey, verifyJoinToken } from '../../src/rooms/join-token.ts';
import { cases } from '../helpers/cases.ts';

const SECRET = 'a secret that is long enough to sign with';
const KEY = tokenKey(SECRET);
const NOW_MS = 1_800_000_000_000;
const NOW_S = NOW_MS / 1000;
const GRANT = { room: 'lobby', identity: 'user-7', name: 'Ada', maySpeak: true, mayModerate: false };
const LIFETIME = { wallNowMs: NOW_MS, lifetimeMs: 60_000 };
const CLAIMS = { sub: 'user-7', exp: NOW_S + 60, voice: { room: 'lobby', roomJoin: true } };

function sign(claims: Record<string, unknown>, header: { alg: string } = { alg: 'HS256' }): Promise<string> {
  return new SignJWT(claims).setProtectedHeader(header).sign(KEY);
}

function verify(token: string, { room = 'lobby', wallNowMs = NOW_MS } = {}) {
  return verifyJoinToken(KEY, token, { room, wallNowMs });
}

async function codeOf(verified: Promise<unknown>): Promise<string> {
  try {
    await verified;
    return 'admitted';
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
}

async function refuses(t: Test, token: string, title: string, room = 'lobby'): Promise<void> {
  t.equal(await codeOf(verify(token, { room })), 'token_invalid', title);
}

test('a token gives the identity, the name and the rights that it was issued with', async (t) => {
  for (const maySpeak of [true, false]) {
    for (const mayModerate of [true, false]) {
      const token = await createJoinToken(KEY, { ...GRANT, maySpeak, mayModerate }, LIFETIME);
      const expiresAtMs = (NOW_S + 60) * 1000;
      t.strictSame(await verify(token), {
        identity: 'user-7',
        name: 'Ada',
        maySpeak,
        mayModerate,
        mayChat: true,
        expiresAtMs,
      });
    }
  }
  const nameless = await createJoinToken(KEY, { ...GRANT, name: undefined }, LIFETIME);
  t.equal((await verify(nameless)).name, null);
});

test('a token uses the claims that LiveKit users know', async (t) => {
  const token = await createJoinToken(KEY, GRANT, LIFETIME);
  const [header = '', claims = ''] = token.split('.');
  t.strictSame(JSON.parse(Buffer.from(header, 'base64url').toString()), { alg: 'HS256', typ: 'JWT' });
  t.strictSame(JSON.parse(Buffer.from(claims, 'base64url').toString()), {
    sub: 'user-7',
    name: 'Ada',
    iat: NOW_S,
    exp: NOW_S + 60,
    voice: { room: 'lobby', roomJoin: true, canPublish: true, roomAdmin: false },
  });
  t.strictSame(await verify(await sign(CLAIMS)), {
    identity: 'user-7',
    name: null,
    maySpeak: true,
    mayModerate: false,
    expiresAtMs: CLAIMS.exp * 1000,
    mayChat: true,
  });
});

test('a token is valid from its nbf to its expiry, give or take the clock tolerance', async (t) => {
  const token = await sign({ ...CLAIMS, nbf: NOW_S });
  const at = async (seconds: number) => codeOf(verify(token, { wallNowMs: (NOW_S + seconds) * 1000 }));
  t.equal(await at(-CLOCK_TOLERANCE_S - 1), 'token_invalid');
  t.equal(await at(-CLOCK_TOLERANCE_S), 'admitted');
  t.equal(await at(59 + CLOCK_TOLERANCE_S), 'admitted');
  t.equal(await at(60 + CLOCK_TOLERANCE_S), 'token_expired');
});

test('a token is for one room, however its name is written', async (t) => {
  const token = await createJoinToken(KEY, { ...GRANT, room: ' cafe\u0301 ' }, LIFETIME);
  t.match(await verify(token, { room: 'café' }), { identity: 'user-7' });
  await refuses(t, token, 'another room', 'cafe');
  await refuses(t, await sign({ ...CLAIMS, voice: { ...CLAIMS.voice, room: 'a!b' } }), 'no name of a room', 'a!b');
});

test('a token not signed with the secret by HS256 is refused', async (t) => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const claims = Buffer.from(JSON.stringify(CLAIMS));
  await refuses(t, new UnsecuredJWT(CLAIMS).encode(), 'alg none');
  const other = createSecretKey(Buffer.from(`${SECRET}.`));
  await refuses(t, await new SignJWT(CLAIMS).setProtectedHeader({ alg: 'HS256' }).sign(other), 'another secret');
  await refuses(t, await new SignJWT(CLAIMS).setProtectedHeader({ alg: 'RS256' }).sign(privateKey), 'RS256');
  const pem = publicKey.export({ type: 'spki', format: 'pem' });
  await refuses(
    t,
    await new CompactSign(claims).setProtectedHeader({ alg: 'HS256' }).sign(createSecretKey(Buffer.from(pem))),
    'a public key taken for a secret',
  );
  for (const alg of ['HS384', 'HS512']) {
    const key = createSecretKey(Buffer.from(SECRET.repeat(2)));
    await refuses(t, await new SignJWT(CLAIMS).setProtectedHeader({ alg }).sign(key), alg);
    const longKey = tokenKey(SECRET.repeat(2));
    const token = await new SignJWT(CLAIMS).setProtectedHeader({ alg }).sign(longKey);
    t.equal(await codeOf(verifyJoinToken(longKey, token, { room: 'lobby', wallNowMs: NOW_MS })), 'token_invalid', alg);
  }
  const [header, payload, signature] = (await sign(CLAIMS)).split('.');
  const more = base64url.encode(JSON.stringify({ ...CLAIMS, voice: { ...CLAIMS.voice, roomAdmin: true } }));
  await refuses(t, `${header}.${more}.${signature}`, 'changed claims');
  await refuses(t, `${base64url.encode('{"alg":"none"}')}.${payload}.`, 'alg none by hand');
  await refuses(t, `${header}.${payload}.`, 'no signature');
});

test('a token with missing required claims or oversized ones is refused', async (t) => {
  const { exp, ...endless } = CLAIMS;
  const { sub, ...nobody } = CLAIMS;
  const { voice, ...nowhere } = CLAIMS;
  const wrong: Record<string, Record<string, unknown>> = {
    'no end': endless,
    'an end in words': { ...CLAIMS, exp: String(exp) },
    'no identity': nobody,
    'an empty identity': { ...CLAIMS, sub: '' },
    'a very long identity': { ...CLAIMS, sub: sub.repeat(30) },
    'no grant': nowhere,
    'no right to join': { ...CLAIMS, voice: { ...voice, roomJoin: false } },
    'a grant that says nothing of joining': { ...CLAIMS, voice: { room: 'lobby' } },
    'no right to listen': { ...CLAIMS, voice: { ...voice, canSubscribe: false } },
    hidden: { ...CLAIMS, voice: { ...voice, hidden: true } },
    'rights in words': { ...CLAIMS, voice: { ...voice, canPublish: 'false' } },
    'a name that nobody may have': { ...CLAIMS, name: '\u202eadA' },
    'an empty name': { ...CLAIMS, name: '' },
  };
  for (const [title, claims] of Object.entries(wrong)) await refuses(t, await sign(claims), title);
});

test('for any input as a token, the answer is an error from the table', async (t) => {
  const part = fc.oneof(
    fc.base64String(),
    fc.json().map((text) => base64url.encode(text)),
    fc.string(),
  );
  await t.resolves(
    fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 5 }), async (parts) => {
        return (await codeOf(verify(parts.join('.')))) === 'token_invalid';
      }),
      { numRuns: cases(500) },
    ),
  );
  await t.resolves(
    fc.assert(
      fc.asyncProperty(
        fc.dictionary(fc.constantFrom('sub', 'exp', 'nbf', 'voice', 'name', 'crit'), fc.jsonValue()),
        async (claims) => {
          const token = await new CompactSign(Buffer.from(JSON.stringify(claims)))
            .setProtectedHeader({ alg: 'HS256' })
            .sign(KEY);
          return ['token_invalid', 'token_expired'].includes(await codeOf(verify(token)));
        },
      ),
      { numRuns: cases(300) },
    ),
  );
});
