import { test } from 'tap';
import { type Claims, grantOf, isComplete, type SignInRules } from '../../../src/gateways/sign-in/claims.ts';
import { AppError } from '../../../src/lib/errors.ts';
import { MAX_IDENTITY_LENGTH } from '../../../src/protocol/bounds.ts';

const RULES: SignInRules = { nameClaim: 'nick', groupsClaim: 'realm_access.roles', rooms: [], moderators: ['mods'] };
const grant = (claims: Claims, room = 'lobby', rules: Partial<SignInRules> = {}, isFree = (_: string) => true) =>
  grantOf({ sub: 's', ...claims }, room, { ...RULES, ...rules }, isFree);

function codeOf(run: () => unknown): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    return error instanceof AppError ? error.code : String(error);
  }
}

test('the identity is that of the provider, however long it is', (t) => {
  t.equal(grant({ sub: '42' }).identity, 'oidc:42');
  const long = grant({ sub: 'x'.repeat(255) }).identity;
  t.match(long, /^oidc-sha256:[\w-]{43}$/);
  t.not(long, grant({ sub: 'x'.repeat(254) }).identity);
  t.ok(grant({ sub: 'x'.repeat(MAX_IDENTITY_LENGTH) }).identity.length <= MAX_IDENTITY_LENGTH);
  for (const sub of [undefined, '', 5])
    t.equal(
      codeOf(() => grant({ sub })),
      'sign_in_failed',
    );
  t.end();
});

test('the name is the first that can be one and is free', (t) => {
  t.equal(grant({ nick: 'Ada', name: 'Ada L.' }).name, 'Ada');
  t.equal(grant({ nick: ' ', name: 7, preferred_username: 'ada' }).name, 'ada');
  t.equal(grant({ nick: 'Zoe', nickname: 'Z.' }, 'lobby', {}, (name) => name !== 'Zoe').name, 'Z.');
  t.equal(grant({ nick: `${'é'.repeat(70)}` }).name, 'é'.repeat(64));
  t.equal(grant({}).name, undefined);
  t.end();
});

test('groups open rooms and give rights', (t) => {
  const roles = (...list: unknown[]) => ({ realm_access: { roles: list } });
  t.equal(grant(roles('mods', 5)).mayModerate, true);
  t.equal(grant(roles('mod')).mayModerate, false);
  t.equal(grant({ 'realm_access.roles': 'mods' }).mayModerate, true, 'a name with dots, and a single group');
  t.equal(grant({ realm_access: Object.create({ roles: ['mods'] }) }).mayModerate, false);
  t.equal(grant({ realm_access: null }).mayModerate, false);
  t.equal(
    grant({ realm_access: { roles: Array.from({ length: 2000 }, (_, i) => (i === 1500 ? 'mods' : '')) } }).mayModerate,
    false,
  );

  const rooms = ['Team Room=a=b', 'team-room=c', '*=all'];
  const mayEnter = (room: string, ...groups: string[]) => codeOf(() => grant(roles(...groups), room, { rooms }));
  t.equal(mayEnter('team room', 'a=b'), undefined);
  t.equal(mayEnter('TEAM-room', 'c'), undefined);
  t.equal(mayEnter('team room', 'all', 'a'), 'not_allowed');
  t.equal(mayEnter('lobby', 'all'), undefined);
  t.equal(mayEnter('lobby', 'c'), 'not_allowed');
  t.equal(
    codeOf(() => grant({}, 'lobby', { rooms: ['other=c'] })),
    undefined,
    'without a rule for the others',
  );
  t.equal(
    codeOf(() => grant({}, 'a!b')),
    'invalid_room',
  );
  t.end();
});

test('the provider is asked for more only if something is missing', (t) => {
  t.equal(isComplete({ nick: 'A' }, RULES), false);
  t.equal(isComplete({ nick: 'A', realm_access: { roles: [] } }, RULES), true);
  t.equal(isComplete({ nick: 'A' }, { ...RULES, moderators: [] }), true);
  t.equal(isComplete({ nick: 'A' }, { ...RULES, moderators: [], rooms: ['a=b'] }), false);
  t.equal(isComplete({ realm_access: { roles: [] } }, RULES), false);
  t.end();
});
