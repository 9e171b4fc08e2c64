import { test } from 'tap';
import { AdminAuth, type AdminToken } from '../../../src/admin/api/admin-auth.ts';
import { AppError } from '../../../src/lib/errors.ts';
import { OPERATIONS } from '../../../src/protocol/api/operations.ts';
import { includesScope, SCOPES, scopeOf } from '../../../src/protocol/api/scopes.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

const TOKENS: readonly AdminToken[] = SCOPES.map((scope) => ({ name: `who-${scope}`, scope, token: `token-${scope}` }));
const none = async () => false;

function setUp(tokens = TOKENS) {
  const auth = new AdminAuth({ tokens, maxFailuresPerMinute: 2, clock: new FakeClock() });
  const ask = (...check: Parameters<AdminAuth['check']>) =>
    auth.check(...check).catch((error: unknown) => (error instanceof AppError ? error.code : error));
  return { auth, ask };
}

test('a token does what its scope includes, and says who has it', async (t) => {
  const { ask } = setUp();
  for (const [has, scope] of SCOPES.entries())
    for (const [needs, needed] of SCOPES.entries()) {
      t.equal(includesScope(scope, needed), has >= needs);
      const expected = has >= needs ? `who-${scope}` : 'not_allowed';
      t.equal(await ask(`Bearer token-${scope}`, 'a', none, needed), expected, `${scope} for ${needed}`);
    }
  t.equal(await ask('Bearer token-moderate', 'a', none), 'not_allowed', 'everything is needed if nothing is said');
  t.equal(await ask('Bearer control', 'a', async (token) => token === 'control'), 'another token');
});

test('wrong tokens are limited, right ones are not, and too small a scope is no wrong token', async (t) => {
  const { ask } = setUp();
  for (let i = 0; i < 5; i++) t.equal(await ask('Bearer token-read', 'a', none), 'not_allowed');
  t.equal(await ask(undefined, 'a', none), 'admin_token_required');
  t.equal(await ask('Bearer x', 'a', none), 'admin_token_wrong');
  t.equal(await ask('Bearer ', 'a', none), 'admin_token_required');
  t.equal(await ask('Bearer x', 'a', none), 'admin_token_wrong');
  t.equal(await ask('Bearer x', 'a', none), 'rate_limited');
  t.equal(await ask('Bearer x', 'b', none), 'admin_token_wrong');
  t.equal(await ask('Bearer token-read', 'a', none, 'read'), 'who-read');
});

test('tokens are replaced while the server runs', async (t) => {
  const { auth, ask } = setUp();
  t.equal(auth.isOff, false);
  auth.setTokens([{ name: 'new', scope: 'everything', token: 'fresh' }]);
  t.equal(await ask('Bearer token-everything', 'a', none), 'admin_token_wrong');
  t.equal(await ask('Bearer fresh', 'a', none), 'new');
  auth.setTokens([]);
  t.equal(auth.isOff, true);
  t.equal(await ask('Bearer fresh', 'a', none), 'admin_token_wrong');
});

test('what is private, changes the server or makes tokens needs everything', (t) => {
  const ids = Object.keys(OPERATIONS) as (keyof typeof OPERATIONS)[];
  const needs = (scope: string) => ids.filter((id) => scopeOf(OPERATIONS[id]) === scope);
  for (const id of needs('read')) t.equal(OPERATIONS[id].method, 'get', id);
  t.same(
    needs('moderate').sort(),
    [
      ...['changeRoom', 'closeRoom', 'createBan', 'createRoom', 'endBan', 'endListener', 'kickParticipant', 'liftBan'],
      ...['moveParticipant', 'muteParticipant', 'unmuteParticipant'],
    ].sort(),
  );
  const whole = new Set<string>(needs('everything'));
  for (const id of ['getRecordingArchive', 'listAudit', 'createToken', 'drainServer', 'captureParticipant'])
    t.ok(whole.has(id) || !(id in OPERATIONS), id);
  const downloads = ids.filter((id) => 'download' in OPERATIONS[id] || 'file' in OPERATIONS[id]);
  t.ok(downloads.length >= 3);
  for (const id of downloads) t.ok(whole.has(id), id);
  t.end();
});
