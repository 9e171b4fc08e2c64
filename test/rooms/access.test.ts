import { type Test, test } from 'tap';
import { AppError } from '../../src/lib/errors.ts';
import { AccessControl, type AccessMode, type AdmissionRequest } from '../../src/rooms/access.ts';
import { GUEST } from '../../src/rooms/admission.ts';
import { createJoinToken, tokenKey } from '../../src/rooms/join-token.ts';
import { FakeClock } from '../helpers/fake-clock.ts';

const SECRET = 'a secret that is long enough to sign with';

interface Choices {
  readonly mode?: AccessMode;
  readonly tokenSecret?: string;
  readonly roomPasswords?: Record<string, string>;
}

function setUp(t: Test, { mode = 'open', tokenSecret = SECRET, roomPasswords = {} }: Choices = {}) {
  const clock = new FakeClock();
  const access = new AccessControl({ mode, tokenSecret, roomPasswords, clock });
  t.teardown(() => access.close());
  const ask = async (request: AdmissionRequest): Promise<unknown> => {
    try {
      return await access.admit(request, () => true);
    } catch (error) {
      if (error instanceof AppError) return error.code;
      throw error;
    }
  };
  return { clock, access, ask };
}

function tokenFor(room: string, clock: FakeClock, secret = SECRET): Promise<string> {
  const grant = { room, identity: 'user-7', name: 'Ada', maySpeak: true, mayModerate: true };
  return createJoinToken(tokenKey(secret), grant, { wallNowMs: clock.wallNow(), lifetimeMs: 60_000 });
}

test("access depends on the server's settings and on the client's credentials", async (t) => {
  const expiresAtMs = new FakeClock().wallNow() + 60_000;
  const ada = { identity: 'user-7', name: 'Ada', maySpeak: true, mayModerate: true, mayChat: true, expiresAtMs };
  const roomPasswords = { vault: 'open sesame' };
  const table: readonly [AccessMode, room: string, token: string, password: string | undefined, unknown][] = [
    ['open', 'lobby', '', undefined, GUEST],
    ['open', 'lobby', '', 'any', GUEST],
    ['open', 'lobby', 'good', undefined, ada],
    ['open', 'lobby', 'bad', undefined, 'token_invalid'],
    ['open', 'lobby', 'old', undefined, 'token_expired'],
    ['open', 'lobby', 'of another room', undefined, 'token_invalid'],
    ['open', 'vault', '', undefined, 'password_required'],
    ['open', 'vault', '', '', 'password_required'],
    ['open', 'vault', '', 'wrong', 'wrong_password'],
    ['open', 'vault', '', 'open sesame', GUEST],
    ['open', 'vault', 'good', undefined, ada],
    ['open', 'vault', 'good', 'wrong', ada],
    ['open', 'vault', 'bad', 'open sesame', 'token_invalid'],
    ['open', 'a!b', '', undefined, 'invalid_room'],
    ['token', 'lobby', '', undefined, 'token_required'],
    ['token', 'lobby', 'good', undefined, ada],
    ['token', 'lobby', 'bad', undefined, 'token_invalid'],
    ['token', 'lobby', 'old', undefined, 'token_expired'],
    ['token', 'lobby', 'of another room', undefined, 'token_invalid'],
    ['token', 'vault', '', 'open sesame', 'token_required'],
    ['token', 'vault', 'good', undefined, ada],
    ['token', 'a!b', 'good', undefined, 'invalid_room'],
  ];
  for (const [mode, room, kind, password, expected] of table) {
    const { clock, ask } = setUp(t, { mode, roomPasswords });
    const name = room === 'a!b' ? 'lobby' : room;
    const token = {
      good: await tokenFor(name, clock),
      bad: await tokenFor(name, clock, 'another secret that is long enough'),
      old: await tokenFor(name, clock),
      'of another room': await tokenFor('elsewhere', clock),
    }[kind];
    if (kind === 'old') clock.advance(100_000);
    t.strictSame(
      await ask({ room, token, password }),
      expected,
      `${mode}, ${room}, token ${kind}, password ${password}`,
    );
  }
});

test('a server without a secret accepts no token, not even one signed with an empty key', async (t) => {
  const { clock, ask } = setUp(t, { tokenSecret: '' });
  t.equal(await ask({ room: 'lobby', token: await tokenFor('lobby', clock) }), 'token_invalid');
  t.strictSame(await ask({ room: 'lobby' }), GUEST);
});

test('a banned user is kept out until the ban ends, but may join other rooms', async (t) => {
  const { clock, access, ask } = setUp(t, { mode: 'token' });
  access.bans.add({ room: 'lobby', identity: 'user-7', by: null, durationMs: 30_000 });
  const tokens = { lobby: await tokenFor('lobby', clock), other: await tokenFor('other', clock) };
  t.equal(await ask({ room: 'lobby', token: tokens.lobby }), 'kicked');
  t.match(await ask({ room: 'other', token: tokens.other }), { identity: 'user-7' });
  clock.advance(30_000);
  t.match(await ask({ room: 'lobby', token: tokens.lobby }), { identity: 'user-7' });
});

test('unusable passwords are reported to the operator without being repeated', (t) => {
  const damaged = (roomPasswords: Record<string, string>) => () => {
    new AccessControl({ mode: 'open', tokenSecret: '', roomPasswords, clock: new FakeClock() });
  };
  t.throws(damaged({ 'a!b': 'secret' }), { message: '"a!b" is not a valid room name.' });
  t.throws(damaged({ café: 'x', 'cafe\u0301': 'y' }), { message: 'The room café has two passwords.' });
  const huge = `scrypt:24:8:1:${'a'.repeat(22)}:${'a'.repeat(43)}`;
  for (const hash of ['scrypt:', 'scrypt:15:8:1:abc:def', huge]) {
    t.throws(damaged({ vault: hash }), { message: /^The password hash of the room vault is damaged;/ });
  }
  t.end();
});
