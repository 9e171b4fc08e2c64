import { test } from 'tap';
import { admitToRoom, type EntranceOptions, isJoinToken, roomOfToken } from '../../../src/gateways/mumble/entrance.ts';
import { createJoinToken, tokenKey } from '../../../src/rooms/join-token.ts';

test('a join token is told from a password, and names its room', async (t) => {
  const grant = { room: 'Games/Go', identity: 'ada', maySpeak: true, mayModerate: false };
  const key = tokenKey('a secret of at least 32 characters');
  const token = await createJoinToken(key, grant, { wallNowMs: 0, lifetimeMs: 1000 });
  t.ok(isJoinToken(token));
  t.equal(roomOfToken(token), 'Games/Go');
  for (const text of ['my.secret.words', '1.2.3']) t.notOk(isJoinToken(text), 'a password');
  for (const text of ['', 'sesame', 'a.b', 'a.b.c.d', 'a b.c.d', `${'x'.repeat(5000)}.b.c`]) t.notOk(isJoinToken(text));
});

test('what only looks like a token names no room', async (t) => {
  const like = (claims: unknown) => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.sig`;
  t.equal(roomOfToken(like({ voice: { room: 'lobby' } })), 'lobby');
  for (const claims of [null, 1, {}, { voice: {} }, { voice: { room: 5 } }, { voice: { room: 'x'.repeat(300) } }])
    t.equal(roomOfToken(like(claims)), undefined);
  t.equal(roomOfToken('www.example.org'), undefined);
});

test('for a Mumble client nobody has to leave their server', async (t) => {
  const media = { isSpread: false };
  const registry = {
    admit: async () => ({ identity: 'ada' }),
    known: (key: string) => (key === 'big-hall' ? { media } : undefined),
  };
  const options = { registry, access: {}, addresses: {}, checkBan: () => {} } as unknown as EntranceOptions;
  const newcomer = { secrets: [], hash: null, from: '192.0.2.1', isWanted: () => true };
  t.match(await admitToRoom(options, 'Big Hall', newcomer), { identity: 'ada' });
  media.isSpread = true;
  await t.rejects(admitToRoom(options, 'Big Hall', newcomer), { code: 'server_busy' });
  t.match(await admitToRoom(options, 'another', newcomer), { identity: 'ada' });
});
